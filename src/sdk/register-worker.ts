import { hostname, release } from 'node:os';
import { type Clock, SystemClock } from '../base/clock.ts';
import { type Random, systemRandom } from '../base/random.ts';
import { Secret } from '../base/secret.ts';
import { VERSION } from '../version.ts';
import { ConnectedWorker } from './connected-worker.ts';
import type { Worker } from './worker.ts';

const DEFAULT_URL = 'ws://127.0.0.1:49134';
const CALL_TIMEOUT_MS = 30_000;

export interface WorkerOptions {
  /** Shown where workers are listed. Default: III_WORKER_NAME, else host and process id. */
  readonly name?: string;
  /** The same as `name`, as `iii-sdk` spells it. */
  readonly workerName?: string;
  readonly description?: string;
  /** Default: III_TOKEN. Sent as `Authorization: Bearer …`. */
  readonly token?: string;
  /** Calls this worker wants at the same time, at most. Default: as many as the queues allow. */
  readonly concurrency?: number;
  /** Longest wait for the answer to a call. Default 30 000. */
  readonly invocationTimeoutMs?: number;
  /** First delay before connecting again; doubled each time, up to 30 000. Default 1 000. */
  readonly reconnectMs?: number;
  /**
   * Told what nobody waits for: a lost connection, a refused trigger, a setting of a subscription that
   * means nothing, a message that could not be sent. Default: nothing is done, and nothing printed.
   */
  readonly onProblem?: (problem: Error) => void;
  readonly clock?: Clock;
  readonly random?: Random;
}

/**
 * Connects to an engine, in the background: what is registered and called meanwhile waits.
 * @param url default: III_URL, else ws://127.0.0.1:49134
 */
export function registerWorker(
  url: string = process.env['III_URL'] ?? DEFAULT_URL,
  options: WorkerOptions = {},
): Worker {
  const { concurrency, token = process.env['III_TOKEN'] } = options;
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency > 0)) {
    throw new RangeError('concurrency must be a whole number of at least 1');
  }
  return new ConnectedWorker({
    url,
    token: token === undefined || token === '' ? null : new Secret(token),
    retryMs: options.reconnectMs,
    clock: options.clock ?? new SystemClock(),
    random: options.random ?? systemRandom,
    timeoutMs: options.invocationTimeoutMs ?? CALL_TIMEOUT_MS,
    profile: {
      runtime: 'node',
      version: VERSION,
      name: nameOf(options),
      description: options.description,
      os: `${process.platform} ${release()} (${process.arch})`,
      pid: process.pid,
      concurrency,
    },
    onProblem: options.onProblem ?? (() => undefined),
  });
}

function nameOf({ name, workerName }: WorkerOptions): string {
  return name ?? workerName ?? process.env['III_WORKER_NAME'] ?? `${hostname()}:${process.pid}`;
}
