import { ChurnMap } from '../base/churn-map.ts';
import type { ConnectionInfo, Link } from './link.ts';
import type { InvocationResult, WireError } from '../protocol/messages.ts';
import { LIMITS } from '../queue/limits.ts';

/** Bytes waiting in a worker's socket beyond which it gets no more jobs. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;

/** How a delivered call ended. */
export type Answer =
  | { readonly kind: 'result'; readonly result: string | null }
  | { readonly kind: 'error'; readonly error: WireError }
  /** The worker went away before it answered. */
  | { readonly kind: 'lost' };

export interface PendingCall {
  readonly functionId: string;
  readonly settle: (answer: Answer) => void;
}

/** What a worker says about itself with `engine::workers::register`. */
export interface WorkerProfile {
  readonly name: string;
  readonly runtime: string;
  readonly version: string | null;
  readonly os: string | null;
  readonly pid: number | null;
  readonly isolation: string | null;
  readonly description: string | null;
}

/**
 * One connection. It counts as a worker once it has registered something or told about itself;
 * until then it may be a caller such as the command line, or the telemetry socket of an old SDK.
 */
export class Worker {
  readonly id: string;
  readonly link: Link;
  readonly remoteAddress: string;
  readonly connectedAt: number;
  /** Name of the token it came with; `null` when no tokens are configured. */
  readonly tokenName: string | null;
  /** Ids of the functions it registered. */
  readonly functions = new Set<string>();
  /** Calls delivered to it that it has not answered, by the engine's invocation id. */
  readonly calls = new ChurnMap<string, PendingCall>();
  profile: WorkerProfile;
  /** Calls it wants at the same time, at most; `null`: no limit of its own. */
  limit: number | null = null;
  announced = false;
  connected = true;

  constructor(id: string, link: Link, info: ConnectionInfo, connectedAt: number) {
    this.id = id;
    this.link = link;
    this.remoteAddress = info.remoteAddress;
    this.tokenName = info.tokenName;
    this.connectedAt = connectedAt;
    this.profile = {
      name: id,
      runtime: 'unknown',
      version: null,
      os: null,
      pid: null,
      isolation: null,
      description: null,
    };
  }

  get inFlight(): number {
    return this.calls.size;
  }

  isFull(): boolean {
    return this.limit !== null && this.calls.size >= this.limit;
  }

  /** Whether its socket is so far behind that more frames would only pile up here. */
  isCongested(): boolean {
    return this.link.bufferedBytes() > MAX_BUFFERED_BYTES;
  }

  /** Whether a frame of this size would not end its connection, and with it every other call it has. */
  canReceive(frame: string): boolean {
    const most = LIMITS.pythonFrameBytes;
    // A character has three bytes at most: few frames have to be counted.
    if (frame.length * 3 <= most || this.profile.runtime !== 'python') return true;
    return Buffer.byteLength(frame) <= most;
  }

  /** Takes the answer to one of its calls; an id that is not pending here is answered `false`. */
  answer(message: InvocationResult): boolean {
    const call = this.calls.get(message.invocationId);
    if (call === undefined) return false;
    this.calls.delete(message.invocationId);
    call.settle(
      message.error === null
        ? { kind: 'result', result: message.result?.text ?? null }
        : { kind: 'error', error: message.error },
    );
    return true;
  }

  /** Ends every call delivered to it as lost. */
  abandonCalls(): void {
    const calls = this.calls.values();
    this.calls.clear();
    for (const call of calls) call.settle({ kind: 'lost' });
  }
}

/** The open connections. */
export class WorkerRegistry {
  readonly #workers = new Map<string, Worker>();

  add(worker: Worker): void {
    this.#workers.set(worker.id, worker);
  }

  remove(worker: Worker): void {
    this.#workers.delete(worker.id);
  }

  get(id: string): Worker | undefined {
    return this.#workers.get(id);
  }

  /** Connections that are workers; callers and telemetry sockets are not. */
  list(): Worker[] {
    return [...this.#workers.values()].filter((worker) => worker.announced);
  }
}
