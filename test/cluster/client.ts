import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { systemRandom } from '../../src/base/random.ts';
import { pause } from '../support/eventually.ts';
import type { Run, Sink } from './sink.ts';

const RETRY_MS = 200;
const ANSWER_MS = 8_000;
/** Longest a job takes, but for the few that outlast a lease. */
const LONGEST_MS = 30;
const LONG_SHARE = 0.005;
const OUTLASTING_MS = 4_000;
const FAILING_SHARE = 0.05;

type Frame = Readonly<Record<string, unknown>>;

/** A connection to one engine that is made again for as long as the test runs. */
abstract class Client {
  #socket: WebSocket | undefined;
  #stopped = false;
  readonly #url: () => string | undefined;

  constructor(url: () => string | undefined) {
    this.#url = url;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }

  protected send(frame: Frame): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  protected abstract opened(): void;
  protected abstract received(frame: Frame): void;
  protected abstract closed(): void;

  #connect(): void {
    if (this.#stopped) return;
    const url = this.#url();
    const again = (): void => {
      void pause(RETRY_MS).then(() => {
        this.#connect();
      });
    };
    if (url === undefined) {
      again();
      return;
    }
    const socket = new WebSocket(url, { handshakeTimeout: 2_000, perMessageDeflate: false });
    this.#socket = socket;
    socket.on('open', () => {
      this.opened();
    });
    socket.on('message', (data: Buffer) => {
      this.received(JSON.parse(data.toString()) as Frame);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed();
      again();
    });
  }
}

/** Runs jobs for a while, lets some fail, and commits to the sink under the epoch of its lease. */
export class ClusterWorker extends Client {
  /** Jobs it is at, as its engine knows. */
  active = 0;
  readonly #sink: Sink;

  constructor(url: () => string | undefined, sink: Sink) {
    super(url);
    this.#sink = sink;
  }

  protected opened(): void {
    this.send({ type: 'registerfunction', id: 'cluster::work' });
  }

  protected received(frame: Frame): void {
    if (frame['type'] !== 'invokefunction' || frame['function_id'] !== 'cluster::work') return;
    const { group, n } = frame['data'] as { group: number; n: number };
    const job = (frame['metadata'] as { 'iii.job': { epoch: number } })['iii.job'];
    this.active++;
    void this.#work(this.#sink.begin(group, n, job.epoch), frame);
  }

  protected closed(): void {
    this.active = 0;
  }

  async #work(run: Run, { invocation_id, function_id }: Frame): Promise<void> {
    await pause(
      systemRandom.fraction() * (systemRandom.fraction() < LONG_SHARE ? OUTLASTING_MS : LONGEST_MS),
    );
    const fails = systemRandom.fraction() < FAILING_SHARE || !this.#sink.commit(run);
    const outcome = fails ? { error: { code: 'flaky', message: 'try again' } } : { result: null };
    this.active = Math.max(0, this.active - 1);
    this.send({ type: 'invocationresult', invocation_id, function_id, ...outcome });
  }
}

/** Enqueues the jobs of some groups, those of one group one after the other. */
export class ClusterProducer extends Client {
  refused = 0;
  readonly #sink: Sink;
  readonly #pending = new Map<string, (receipt: boolean) => void>();
  readonly #paceMs: number;
  #producing = true;

  /** @param paceMs pause between two jobs of a group, at least; at most twice as much */
  constructor(
    url: () => string | undefined,
    sink: Sink,
    groups: readonly number[],
    paceMs: number,
  ) {
    super(url);
    this.#sink = sink;
    this.#paceMs = paceMs;
    for (const group of groups) void this.#produce(group);
  }

  /** No further jobs; what is under way is answered. */
  finish(): void {
    this.#producing = false;
  }

  protected opened(): void {
    // Producers offer nothing.
  }

  protected received(frame: Frame): void {
    if (frame['type'] !== 'invocationresult') return;
    const id = String(frame['invocation_id']);
    this.#pending.get(id)?.(frame['error'] === undefined || frame['error'] === null);
    this.#pending.delete(id);
  }

  protected closed(): void {
    for (const answer of this.#pending.values()) answer(false);
    this.#pending.clear();
  }

  async #produce(group: number): Promise<void> {
    for (let n = 1; this.#producing; n++) {
      // What has no receipt may be there all the same: its number never comes again.
      if (await this.#enqueue(group, n)) this.#sink.receipt(group, n);
      else {
        this.refused++;
        await pause(RETRY_MS);
      }
      await pause(this.#paceMs * (1 + systemRandom.fraction()));
    }
  }

  #enqueue(group: number, n: number): Promise<boolean> {
    const invocation_id = randomUUID();
    return new Promise((resolve) => {
      this.#pending.set(invocation_id, resolve);
      const sent = this.send({
        type: 'invokefunction',
        invocation_id,
        function_id: 'cluster::work',
        data: { group, n },
        action: { type: 'enqueue', queue: 'work' },
      });
      if (!sent) resolve(false);
      void pause(ANSWER_MS).then(() => {
        if (this.#pending.delete(invocation_id)) resolve(false);
      });
    });
  }
}
