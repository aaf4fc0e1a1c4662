import type { Clock } from '../../base/clock.ts';
import { IiiError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { Secret } from '../../base/secret.ts';
import { STORE_GAPS } from '../../queue/store-gaps.ts';
import type {
  DeadSelection,
  EnginePeers,
  GroupScan,
  JobFilter,
  JobPage,
  JobScan,
  LeaseRequest,
  QueueStats,
  Receipt,
  Reclaimed,
  Rewrite,
  ScannedGroup,
  ScannedJob,
  Settlement,
  Store,
  StoreSignal,
  StoreTraits,
} from '../../queue/store.ts';
import type { Job, Lease, NewJob, QueuePolicy } from '../../queue/types.ts';
import { Appender } from './appender.ts';
import { Browser } from './browser.ts';
import { RedisConnection } from './connection.ts';
import type { RedisContext } from './context.ts';
import { runScript } from './context.ts';
import { checkEviction, guaranteeOf, readSettings } from './guarantee.ts';
import { scanGroups } from './groups.ts';
import type { LeaseName } from './job-text.ts';
import { RedisKeys } from './keys.ts';
import { RedisPeers } from './peers.ts';
import { Pulse } from './pulse.ts';
import { QueueSet } from './queue-set.ts';
import { openFailed, unavailable } from './redis-errors.ts';
import type { RedisQueue } from './redis-queue.ts';
import { PAUSE } from './scripts/configure.ts';
import { Settler } from './settler.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface RedisStoreParts {
  readonly url: Secret;
  readonly keyPrefix: string;
  readonly leaseMs: number;
  readonly allowEviction: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The time scripts are to go by, instead of that of Redis: for tests. */
  readonly time?: () => number;
}

/**
 * Keeps jobs in Redis, shared with every engine that uses the same prefix there. Each method is one
 * script, and what has to hold over all engines is checked in it.
 */
export class RedisStore implements Store {
  readonly peers: EnginePeers;
  readonly #parts: RedisStoreParts;
  readonly #context: RedisContext;
  readonly #connection: RedisConnection;
  readonly #appender: Appender;
  readonly #settler: Settler;
  readonly #browser: Browser;
  readonly #peers: RedisPeers;
  readonly #queues: QueueSet;
  readonly #pulse: Pulse;
  readonly #listeners: ((signal: StoreSignal) => void)[] = [];
  #traits: StoreTraits;
  #closed = false;

  constructor(parts: RedisStoreParts) {
    const { url, clock, log, random, time } = parts;
    this.#parts = parts;
    this.#connection = new RedisConnection({ url, clock, log });
    this.#context = {
      connection: this.#connection,
      keys: new RedisKeys(parts.keyPrefix, this.#connection.place),
      clock,
      log,
      leaseMs: parts.leaseMs,
      session: random.uuid(),
      time: time === undefined ? () => '' : () => String(time()),
      emit: (signal) => {
        this.#emit(signal);
      },
    };
    this.#queues = new QueueSet(this.#context, (queue, leases) => {
      this.#giveBack(queue, leases);
    });
    this.#appender = new Appender(this.#context, (name) => this.#queues.ensure(name));
    this.#settler = new Settler(this.#context);
    this.#browser = new Browser(this.#context);
    this.#peers = new RedisPeers(this.#context);
    this.peers = this.#peers;
    this.#pulse = new Pulse(this.#context, this.#queues, this.#peers, () => this.#lookAgain());
    this.#traits = {
      name: 'redis',
      guarantee: 'not known before Redis is connected',
      survivesRestart: true,
      sharedByEngines: true,
      ordersCalls: true,
      location: `${this.#connection.place} ${parts.keyPrefix}:`,
      gaps: STORE_GAPS.redis,
    };
  }

  get traits(): StoreTraits {
    return this.#traits;
  }

  async open(policies: readonly QueuePolicy[]): Promise<void> {
    const { connection } = this.#context;
    try {
      await connection.open();
      const settings = await connection.call(readSettings);
      if (!this.#parts.allowEviction) checkEviction(settings, connection.place);
      this.#traits = { ...this.#traits, guarantee: guaranteeOf(settings) };
      this.configure(policies);
      await this.#queues.refresh();
      await Promise.all(this.#queues.all().map((queue) => queue.configured()));
      await this.#pulse.start();
    } catch (thrown) {
      await this.close();
      throw openFailed(thrown);
    }
  }

  configure(policies: readonly QueuePolicy[]): void {
    for (const policy of policies) {
      const queue = this.#queues.ensure(policy.name);
      if (queue.policy !== policy) queue.configure(policy);
    }
  }

  append(jobs: readonly NewJob[]): Promise<readonly Receipt[]> {
    return this.#attempt(async () => {
      if (jobs.length === 0) return [];
      for (const { id, queue } of jobs) {
        if (!UUID.test(id)) {
          throw new IiiError('INVALID_ARGUMENTS', `The job id "${id}" is not a UUID.`);
        }
        if (this.#queues.get(queue) === undefined) await this.#queues.known(queue);
      }
      return this.#appender.append(jobs);
    });
  }

  lease(request: LeaseRequest): Promise<readonly Lease[]> {
    return this.#attempt(async () => {
      const queue = await this.#queues.known(request.queue);
      await this.#settler.sent();
      return queue.lease(request);
    });
  }

  settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    return this.#attempt(() => Promise.all(settlements.map((one) => this.#settle(one))));
  }

  reclaim(limit: number): Promise<readonly Reclaimed[]> {
    return this.#attempt(async () => {
      const reclaimed: Reclaimed[] = [];
      for (const queue of this.#queues.all()) {
        if (!queue.mayReclaim || reclaimed.length >= limit) continue;
        reclaimed.push(...(await queue.reclaim(limit - reclaimed.length)));
      }
      return reclaimed;
    });
  }

  refusal(): IiiError | null {
    const { refusal } = this.#appender;
    return refusal === null ? null : unavailable(refusal);
  }

  watch(listener: (signal: StoreSignal) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#pulse.stop();
    this.#listeners.length = 0;
    const queues = this.#queues.all();
    for (const queue of queues) queue.stop();
    if (this.#connection.isReady) {
      await Promise.allSettled([...queues.map((queue) => queue.release()), this.#peers.leave()]);
    }
    await this.#connection.close();
  }

  stats(): Promise<ReadonlyMap<string, QueueStats>> {
    return this.#attempt(async () => {
      await this.#queues.refresh();
      const queues = this.#queues.all();
      const stats = await Promise.all(queues.map((queue) => this.#browser.stats(queue)));
      return new Map(queues.map(({ name }, index) => [name, stats[index] as QueueStats]));
    });
  }

  get(id: string): Promise<Job | undefined> {
    return this.#attempt(() => this.#browser.find(this.#queues.all(), id));
  }

  list(filter: JobFilter): Promise<JobPage> {
    return this.#attempt(async () =>
      this.#browser.list(await this.#queues.chosen(filter.queues), filter),
    );
  }

  cancel(ids: readonly string[]): Promise<readonly string[]> {
    return this.#attempt(() => this.#browser.cancel(this.#queues.all(), ids));
  }

  redrive(selection: DeadSelection): Promise<readonly string[]> {
    return this.#endDeath(selection, 'redrive');
  }

  discard(selection: DeadSelection): Promise<readonly string[]> {
    return this.#endDeath(selection, 'discard');
  }

  scan(scan: JobScan): AsyncIterable<readonly ScannedJob[]> {
    return this.#slices(scan.queues, (queues) => this.#browser.scan(queues, scan));
  }

  groups(scan: GroupScan): AsyncIterable<readonly ScannedGroup[]> {
    return this.#slices([scan.queue], () => scanGroups(this.#context, scan));
  }

  rewrite(rewrites: readonly Rewrite[]): Promise<readonly boolean[]> {
    return this.#attempt(() => Promise.all(rewrites.map((rewrite) => this.#rewrite(rewrite))));
  }

  pause(queue: string, paused: boolean): Promise<void> {
    return this.#attempt(async () => {
      const { name } = await this.#queues.known(queue);
      await runScript(this.#context, PAUSE, [name], [paused ? '1' : '0']);
    });
  }

  /** What a receipt is worth may be another thing since Redis came back. */
  async #lookAgain(): Promise<void> {
    const { connection, log } = this.#context;
    const settings = await connection.call(readSettings).catch(() => undefined);
    // what was asked while the connection was lost again says nothing
    if (settings === undefined || !connection.isReady) return;
    const [before, guarantee] = [this.#traits.guarantee, guaranteeOf(settings)];
    if (guarantee === before) return;
    this.#traits = { ...this.#traits, guarantee };
    log.warn('Redis came back with other settings: what a receipt means has changed', {
      before,
      now: guarantee,
    });
    try {
      if (!this.#parts.allowEviction) checkEviction(settings, connection.place);
    } catch (thrown) {
      log.error('jobs may be lost', { error: messageOf(thrown) });
    }
  }

  #endDeath(selection: DeadSelection, how: 'redrive' | 'discard'): Promise<readonly string[]> {
    return this.#attempt(async () => {
      const queues = await this.#queues.chosen(selection.queues);
      return this.#browser.endDeath(queues, selection, how);
    });
  }

  async *#slices<Row>(
    names: readonly string[] | null,
    read: (queues: readonly RedisQueue[]) => AsyncIterable<readonly Row[]>,
  ): AsyncGenerator<readonly Row[]> {
    try {
      yield* read(await this.#queues.chosen(names));
    } catch (thrown) {
      throw unavailable(thrown);
    }
  }

  async #rewrite(rewrite: Rewrite): Promise<boolean> {
    const target = await this.#queues.known(rewrite.job.queue);
    await target.configured();
    const found = await this.#browser.find(this.#queues.all(), rewrite.job.id);
    const source = found === undefined ? target : this.#queues.ensure(found.queue);
    return this.#browser.rewrite(target, source, rewrite);
  }

  /** What Redis did not do is told as the engine understands it. */
  async #attempt<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    try {
      return await act();
    } catch (thrown) {
      throw unavailable(thrown);
    }
  }

  /** Ends one lease; one that this engine does not hold is looked for. */
  async #settle(settlement: Settlement): Promise<boolean> {
    const { id, epoch } = settlement;
    const holder = this.#queues.all().find((queue) => queue.holds(id, epoch));
    if (holder !== undefined) return this.#settler.settle(holder, settlement);
    const job = await this.#browser.find(this.#queues.all(), id);
    if (job === undefined) return false;
    const queue = this.#queues.ensure(job.queue);
    if (job.epoch === epoch) queue.recall(job.id, { epoch, history: job.history });
    return this.#settler.settle(queue, settlement);
  }

  /** Returns leases that nobody can use. */
  #giveBack(queue: RedisQueue, leases: readonly LeaseName[]): void {
    const verdict = { kind: 'return', countsInterruption: false } as const;
    const at = this.#parts.clock.now();
    for (const { id, epoch } of leases) {
      this.#settler.settle(queue, { id, epoch, verdict, record: null, at }).catch(() => {
        // The next sign of life finds what nobody holds.
        queue.forget(id, epoch);
      });
    }
  }

  #emit(signal: StoreSignal): void {
    for (const listener of this.#listeners) listener(signal);
  }
}
