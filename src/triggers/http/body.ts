import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { depthOf } from '../../base/json.ts';
import type { Channel, WriterEnd } from '../../engine/channels.ts';
import type { EnqueueRequest } from '../../engine/enqueue.ts';
import { LIMITS } from '../../queue/limits.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const EMPTY: EnqueueRequest['data'] = { text: 'null', depth: 0 };

export type JsonBody =
  /** Of an empty body `null`. */
  | { readonly kind: 'json'; readonly json: EnqueueRequest['data']; readonly bytes: Buffer }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'invalid'; readonly message: string };

export function isJson(request: IncomingMessage): boolean {
  return request.headers['content-type']?.toLowerCase().includes('application/json') ?? false;
}

/** Whether the client says itself that its body is longer than allowed. */
export function isTooLarge(request: IncomingMessage): boolean {
  return Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES;
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Reads a whole body. Never settles when the client leaves before its end. */
export function readJsonBody(request: IncomingMessage): Promise<JsonBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else {
        chunks.length = 0;
        resolve({ kind: 'too_large' });
      }
    });
    request.on('end', () => {
      const [first] = chunks;
      const bytes = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
      resolve(parseBody(bytes));
    });
  });
}

function parseBody(bytes: Buffer): JsonBody {
  if (!isUtf8(bytes)) return { kind: 'invalid', message: 'the body is not UTF-8' };
  const text = bytes.toString();
  if (text.trim() === '') return { kind: 'json', json: EMPTY, bytes };
  try {
    JSON.parse(text);
  } catch {
    return { kind: 'invalid', message: 'the body is not JSON although its content type says so' };
  }
  const depth = depthOf(text);
  if (depth > LIMITS.maxJsonDepth) {
    const message = `the body is nested deeper than ${LIMITS.maxJsonDepth} levels`;
    return { kind: 'invalid', message };
  }
  return { kind: 'json', json: { text, depth }, bytes };
}

/** Puts a body that was read into its channel. */
export function feedBytes(channel: Channel, bytes: Uint8Array | null): void {
  const end: WriterEnd = { attached: ignore, wake: ignore, closed: ignore };
  channel.connectWriter(end);
  if (bytes !== null && bytes.length > 0) channel.write({ kind: 'bytes', bytes });
  channel.releaseWriter(end, false);
}

/**
 * Lets a body flow into its channel as fast as it is read there; what comes when nobody reads any
 * more is thrown away.
 */
export function feedStream(
  channel: Channel,
  request: IncomingMessage,
  onTooLarge: () => void,
): void {
  let size = 0;
  let isOpen = true;
  const end: WriterEnd = {
    attached: ignore,
    wake: () => request.resume(),
    closed: () => {
      isOpen = false;
      request.resume();
    },
  };
  channel.connectWriter(end);
  request.on('data', (chunk: Buffer) => {
    if (!isOpen) return;
    size += chunk.length;
    if (size > MAX_BODY_BYTES) onTooLarge();
    else if (!channel.write({ kind: 'bytes', bytes: chunk })) request.pause();
  });
  request.on('end', () => {
    channel.releaseWriter(end, false);
  });
}

function ignore(): void {
  return undefined;
}
