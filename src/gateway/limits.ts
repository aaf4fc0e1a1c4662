/** What a peer may use. Bytes and milliseconds. */
export interface GatewayLimits {
  /** Longest message; the peer is closed with 1009 beyond it. */
  readonly maxFrameBytes: number;
  /** Fragments of one message, and pieces of data not yet put together. */
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
  /** What may be sent before the token, frame headers included. */
  readonly maxUnauthenticatedBytes: number;
  readonly maxUnauthenticatedConnections: number;
  readonly authTimeoutMs: number;
  /** What may wait for a peer that does not read; it is closed with 1013 beyond it. */
  readonly maxSendBufferBytes: number;
  readonly pingIntervalMs: number;
  /** Pings in a row without a sign of life before the peer counts as lost. */
  readonly maxMissedPongs: number;
  /** How long a closed peer has to read what was sent and to answer the close. */
  readonly closeGraceMs: number;
}

export const GATEWAY_LIMITS: GatewayLimits = {
  maxFrameBytes: 16 * 1024 * 1024,
  maxFragments: 1_024,
  maxBufferedChunks: 64 * 1024,
  maxUnauthenticatedBytes: 4 * 1024,
  maxUnauthenticatedConnections: 64,
  authTimeoutMs: 5_000,
  maxSendBufferBytes: 64 * 1024 * 1024,
  pingIntervalMs: 20_000,
  maxMissedPongs: 2,
  closeGraceMs: 5_000,
};
