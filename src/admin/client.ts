import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket as WebSocketClient } from 'ws';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { IiiError, isErrorCode, messageOf } from '../base/errors.ts';
import { type Random, systemRandom } from '../base/random.ts';
import type { Secret } from '../base/secret.ts';
import { decodeEngineMessage, encodeInvoke } from '../protocol/client-frames.ts';
import type { InvocationResult, InvokeAction, WireError } from '../protocol/messages.ts';
import type { AdminFunctionId, AdminInput, AdminResult } from './contract.ts';

export interface ConnectOptions {
  /** `ws://` or `wss://` address of the engine. */
  readonly url: string;
  readonly token: Secret | null;
  /** Longest wait for each answer that has no limit of its own. */
  readonly timeoutMs: number;
  /** Longest wait for the connection; `timeoutMs` when it is not given. */
  readonly openTimeoutMs?: number;
  /** Ends every wait with its reason. */
  readonly signal?: AbortSignal;
  readonly clock: Clock;
  readonly random?: Random;
}

export interface CallOptions {
  /** Longest wait for this answer. */
  readonly timeoutMs?: number;
}

/** A connection to a running engine that calls and never offers a function. */
export interface AdminClient {
  readonly url: string;
  /** Calls one of the engine's own functions for operators. */
  call<Id extends AdminFunctionId>(
    id: Id,
    input: AdminInput<Id>,
    options?: CallOptions,
  ): Promise<AdminResult<Id>>;
  /** Calls any function with JSON text and answers the JSON text of its result. */
  invoke(functionId: string, data: string, options?: CallOptions): Promise<string>;
  /** Calls a function without waiting for anything but the frame having left. */
  send(functionId: string, data: string): Promise<void>;
  /** Puts a job in a queue; `action` holds `queue` and the other members of the enqueue action. */
  enqueue(
    functionId: string,
    data: string,
    action: Readonly<Record<string, unknown>>,
  ): Promise<string>;
  close(): Promise<void>;
}

/** WebSocket close code of an engine that refuses who we are. */
const POLICY_VIOLATION = 1008;

/** Statuses by which an engine refuses the upgrade, and why. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [401, 'it answered 401: not authenticated'],
  [403, 'it answered 403: this host or origin is not allowed'],
  [429, 'it answered 429: too many failed logins; it listens again in a while'],
]);

/** Time a closing handshake may take before the socket is dropped. */
const CLOSE_MS = 500;

/**
 * Opens a connection. Rejects with `ENGINE_UNREACHABLE` when nobody answers there, with
 * `TOKEN_REQUIRED` or `AUTH_ERROR` when the engine does not let us in.
 */
export async function connect(options: ConnectOptions): Promise<AdminClient> {
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(options.url, {
    perMessageDeflate: false,
    followRedirects: false,
    headers: options.token === null ? {} : { authorization: `Bearer ${options.token.reveal()}` },
  });
  const client = new Client(socket, options);
  await client.opened();
  return client;
}

interface Pending {
  readonly functionId: string;
  readonly resolve: (result: string) => void;
  readonly reject: (error: Error) => void;
  readonly cancel: CancelTimer;
}

class Client implements AdminClient {
  readonly url: string;
  readonly #socket: WebSocketClient;
  readonly #options: ConnectOptions;
  readonly #random: Random;
  readonly #pending = new Map<string, Pending>();
  /** Set once, when the connection is of no more use. */
  #failure: Error | undefined;
  #transport: Socket | undefined;
  #corked = false;

  constructor(socket: WebSocketClient, options: ConnectOptions) {
    this.url = options.url;
    this.#socket = socket;
    this.#options = options;
    this.#random = options.random ?? systemRandom;
    socket.on('upgrade', (response: IncomingMessage) => {
      this.#transport = response.socket;
    });
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) this.#receive(data.toString('utf8'));
    });
    socket.on('close', (code, reason) => {
      const hadToken = options.token !== null;
      this.#fail(
        code === POLICY_VIOLATION
          ? refused(this.url, reason.toString() || 'it closed the connection', hadToken)
          : lost(this.url, code, reason.toString()),
      );
    });
    options.signal?.addEventListener('abort', this.#abort);
    if (options.signal?.aborted === true) this.#abort();
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { timeoutMs, openTimeoutMs = timeoutMs } = this.#options;
      const cancel = this.#options.clock.after(openTimeoutMs, () => {
        this.#fail(unreachable(this.url, `no answer within ${openTimeoutMs} ms`));
        this.#socket.terminate();
      });
      const refuse = (error: Error): void => {
        cancel();
        this.#fail(error);
        reject(this.#failure ?? error);
      };
      this.#socket.once('open', () => {
        cancel();
        resolve();
      });
      this.#socket.on('error', (cause: NodeJS.ErrnoException) =>
        refuse(unreachable(this.url, sayConnectFailure(cause), cause)),
      );
      this.#socket.once('close', () => refuse(unreachable(this.url, 'the connection was closed')));
      this.#socket.once('unexpected-response', (_request, response) => {
        const status = response.statusCode ?? 0;
        const hadToken = this.#options.token !== null;
        refuse(
          REFUSALS.has(status)
            ? refused(this.url, REFUSALS.get(status) ?? '', hadToken)
            : unreachable(this.url, `something else answers there, with HTTP status ${status}`),
        );
        this.#socket.terminate();
      });
      if (this.#failure !== undefined) refuse(this.#failure);
    });
  }

  async call<Id extends AdminFunctionId>(
    id: Id,
    input: AdminInput<Id>,
    options: CallOptions = {},
  ): Promise<AdminResult<Id>> {
    const result = await this.invoke(id, JSON.stringify(input), options);
    // The contract is shared with the engine; results are trusted to keep to it.
    return JSON.parse(result) as AdminResult<Id>;
  }

  invoke(functionId: string, data: string, options: CallOptions = {}): Promise<string> {
    return this.#ask(functionId, data, { kind: 'call' }, options.timeoutMs);
  }

  async send(functionId: string, data: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const frame = encodeInvoke({ invocationId: null, functionId, data, action: { kind: 'void' } });
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(frame, (error) => {
        if (error) reject(unreachable(this.url, messageOf(error), error));
        else resolve();
      });
    });
  }

  async enqueue(
    functionId: string,
    data: string,
    action: Readonly<Record<string, unknown>>,
  ): Promise<string> {
    const text = await this.#ask(functionId, data, { kind: 'enqueue', options: action });
    const receipt = (JSON.parse(text) as { messageReceiptId?: unknown } | null)?.messageReceiptId;
    if (typeof receipt === 'string') return receipt;
    throw new IiiError('INTERNAL', 'the engine accepted the job without a receipt', {
      reason: `the answer was ${text.slice(0, 200)}`,
      hint: 'compare versions: iii --version',
    });
  }

  close(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#abort);
    return new Promise((resolve) => {
      if (this.#socket.readyState === this.#socket.CLOSED) {
        resolve();
        return;
      }
      const cancel = this.#options.clock.after(CLOSE_MS, () => this.#socket.terminate());
      this.#socket.once('close', () => {
        cancel();
        resolve();
      });
      this.#socket.close(1000);
    });
  }

  readonly #abort = (): void => {
    const reason: unknown = this.#options.signal?.reason;
    this.#fail(reason instanceof Error ? reason : new IiiError('INTERRUPTED', 'interrupted'));
    this.#socket.terminate();
  };

  #ask(
    functionId: string,
    data: string,
    action: InvokeAction,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const invocationId = this.#random.uuid();
      const cancel = this.#options.clock.after(timeoutMs, () => {
        this.#pending.delete(invocationId);
        reject(tooLate(functionId, timeoutMs));
      });
      this.#pending.set(invocationId, { functionId, resolve, reject, cancel });
      this.#cork();
      this.#socket.send(encodeInvoke({ invocationId, functionId, data, action }));
    });
  }

  /** Frames of one tick leave in one write: twice the jobs per second when many are sent. */
  #cork(): void {
    const transport = this.#transport;
    if (this.#corked || transport === undefined) return;
    this.#corked = true;
    transport.cork();
    process.nextTick(() => {
      this.#corked = false;
      transport.uncork();
    });
  }

  #receive(text: string): void {
    const message = decodeEngineMessage(text);
    if (message.kind === 'invocation_result') this.#settle(message);
    else if (message.kind === 'error') {
      this.#fail(
        this.#options.token === null && message.error.code === 'AUTH_ERROR'
          ? refused(this.url, message.error.message, false)
          : remoteError('', message.error, this.url),
      );
      this.#socket.terminate();
    }
  }

  #settle(answer: InvocationResult): void {
    const pending = this.#pending.get(answer.invocationId);
    if (pending === undefined) return;
    this.#pending.delete(answer.invocationId);
    pending.cancel();
    if (answer.error === null) pending.resolve(answer.result?.text ?? 'null');
    else pending.reject(remoteError(pending.functionId, answer.error, this.url));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const pending of this.#pending.values()) {
      pending.cancel();
      pending.reject(this.#failure);
    }
    this.#pending.clear();
  }
}

/**
 * An engine's error as ours. A code that is not in the table is a worker's own; it is kept in
 * `details.code`.
 */
function remoteError(functionId: string, error: WireError, url: string): IiiError {
  const isOurs = isErrorCode(error.code);
  return new IiiError(isOurs ? error.code : 'invocation_failed', error.message, {
    reason: `answered by the engine at ${url}`,
    hint: error.hint,
    details: {
      ...(functionId === '' ? {} : { functionId }),
      ...error.details,
      ...(error.stacktrace === undefined ? {} : { stacktrace: error.stacktrace }),
      ...(isOurs ? {} : { code: error.code }),
    },
  });
}

function refused(url: string, why: string, hadToken: boolean): IiiError {
  return hadToken
    ? new IiiError('AUTH_ERROR', `the engine at ${url} does not accept this token`, {
        reason: why,
        hint: 'check III_TOKEN or --token-file; a new token: iii token create',
      })
    : new IiiError('TOKEN_REQUIRED', `the engine at ${url} does not let us in without a token`, {
        reason: why,
        hint: 'set III_TOKEN, or name a file that holds it with --token-file',
      });
}

function unreachable(url: string, reason: string, cause?: unknown): IiiError {
  return new IiiError('ENGINE_UNREACHABLE', `no engine answers at ${url}`, {
    reason,
    hint: 'start one with: iii serve    (or name another with --url or III_URL)',
    details: { url },
    cause,
  });
}

function lost(url: string, code: number, reason: string): IiiError {
  return new IiiError('ENGINE_UNREACHABLE', `the connection to the engine at ${url} was lost`, {
    reason: reason === '' ? `it was closed with code ${code}` : `${reason} (code ${code})`,
    hint: 'see whether it runs: iii queue list',
    details: { url },
  });
}

function tooLate(functionId: string, timeoutMs: number): IiiError {
  return new IiiError('TIMEOUT', `${functionId} did not answer within ${timeoutMs} ms`, {
    reason: 'the call was sent, and may still be running in the engine',
    hint: 'wait longer with --timeout 5m',
    details: { functionId, timeoutMs },
  });
}

function sayConnectFailure(cause: NodeJS.ErrnoException): string {
  switch (cause.code) {
    case 'ECONNREFUSED':
      return 'the connection was refused: nothing listens there';
    case 'ENOTFOUND':
      return 'the host name is not known';
    case 'EAI_AGAIN':
      return 'the host name cannot be looked up now';
    case 'ECONNRESET':
      return 'the connection was closed while it opened';
    default:
      return messageOf(cause) || 'the connection failed';
  }
}
