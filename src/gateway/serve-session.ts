import type { WebSocket } from 'ws';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { ConnectionInfo, Link, OpenSession, Session } from '../engine/link.ts';
import { decodeBinary, decodeText } from '../protocol/decode.ts';
import { encodePong } from '../protocol/encode.ts';
import { EMPTY_FRAME } from '../protocol/frame.ts';
import type { TelemetryFrame } from '../protocol/messages.ts';
import { RepeatedWarning } from './repeated-warning.ts';

const INTERNAL_ERROR = 1011;

/** Gets every telemetry frame; the bytes are its own only during the call. */
export type OnTelemetry = (signal: TelemetryFrame['signal'], body: Uint8Array) => void;

export interface SessionParts {
  readonly webSocket: WebSocket;
  readonly link: Link;
  readonly info: ConnectionInfo;
  readonly openSession: OpenSession;
  readonly onTelemetry: OnTelemetry | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Opens the engine's end of a connection and hands it the messages, strictly in order, until the
 * connection is closed from either side. A frame that is no message, and a throw of the session, are
 * logged and change nothing else: new SDKs send old engines what they do not know.
 */
export function serveSession(parts: SessionParts): void {
  const { webSocket, link, info, log } = parts;
  let session: Session;
  try {
    session = parts.openSession(link, info);
  } catch (thrown) {
    log.error('opening a session failed', describe(info, thrown));
    link.close(INTERNAL_ERROR, 'internal error');
    return;
  }
  const droppedFrames = new RepeatedWarning(log, parts.clock, 'a frame was dropped');

  webSocket.on('message', (data, isBinary) => {
    // what arrives behind our close belongs to a worker the engine has let go
    if (webSocket.readyState !== webSocket.OPEN) return;
    const bytes = data as Buffer;
    const message = isBinary ? decodeBinary(bytes) : decodeText(bytes.toString());
    switch (message.kind) {
      case 'telemetry':
        parts.onTelemetry?.(message.signal, message.body);
        return;
      case 'dropped':
        if (message.reason === EMPTY_FRAME) return;
        droppedFrames.report({ remoteAddress: info.remoteAddress, reason: message.reason });
        return;
      case 'ping':
        link.send(encodePong());
        return;
      case 'pong':
      case 'auth':
        return;
      default:
        try {
          session.receive(message);
        } catch (thrown) {
          log.error('handling a message failed', { ...describe(info, thrown), kind: message.kind });
        }
    }
  });
  webSocket.on('close', () => {
    droppedFrames.stop();
    try {
      session.closed();
    } catch (thrown) {
      log.error('closing a session failed', describe(info, thrown));
    }
  });
}

function describe(info: ConnectionInfo, thrown: unknown): Readonly<Record<string, unknown>> {
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  return { remoteAddress: info.remoteAddress, error: messageOf(thrown), stack };
}
