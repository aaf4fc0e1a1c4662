import type { Role } from '../base/role.ts';
import type { WorkerMessage } from '../protocol/messages.ts';

/** One connection's way out, as the engine sees it. Implemented by the gateway. */
export interface Link {
  /**
   * Queues one text frame. Frames of one tick leave in one write. Never throws; on a closed
   * connection it does nothing.
   */
  send(frame: string): void;
  /** Bytes accepted by `send` that have not left this process. */
  bufferedBytes(): number;
  /** Closes with a WebSocket close code after what was sent has left. */
  close(code: number, reason: string): void;
}

/** What is known of a connection when it opens. */
export interface ConnectionInfo {
  readonly remoteAddress: string;
  /** The role of the token it came with; `null` when no tokens are configured: everything is allowed. */
  readonly role: Role | null;
  /** Name of that token; `null` when no tokens are configured. */
  readonly tokenName: string | null;
}

/** The engine's end of one connection. The gateway calls it with frames strictly in order. */
export interface Session {
  receive(message: WorkerMessage): void;
  /** The connection is gone. Called once. */
  closed(): void;
}

/** Opens the engine's end of a new connection; the engine speaks first on `link`. */
export type OpenSession = (link: Link, info: ConnectionInfo) => Session;
