import type { Clock } from '../../base/clock.ts';
import { NO_ROW } from '../../queue/columns.ts';
import { readCursor, writeCursor } from '../../queue/cursor.ts';
import { queueStats } from '../../queue/queue-stats.ts';
import { scannedJob } from '../../queue/scan.ts';
import type {
  DeadSelection,
  JobFilter,
  JobPage,
  JobScan,
  QueueStats,
  ScannedJob,
} from '../../queue/store.ts';
import type { Job } from '../../queue/types.ts';
import type { Broker } from './broker.ts';
import type { DeadEntry } from './dead-letters.ts';
import { deadJobOf, DeadLetters } from './dead-letters.ts';
import type { Engines } from './engines.ts';
import type { HeldJobs } from './held-jobs.ts';
import { bytesOf, inTurn } from './held-jobs.ts';
import type { JobLine } from './job-line.ts';
import type { Topology } from './topology.ts';

/** Most messages that can be asked for at once. */
const MAX_PREFETCH = 65_000;
/** Jobs shown at once by a scan. */
const SLICE = 500;
/** Jobs listed at once. */
const MOST_LISTED = 1_000_000;

export interface BrowserParts {
  readonly broker: Broker;
  readonly topology: Topology;
  readonly engines: Engines;
  readonly clock: Clock;
  readonly held: HeldJobs;
  readonly lines: ReadonlyMap<string, JobLine>;
  readonly changed: () => void;
}

/**
 * Looking and mending. Dead jobs are read at the broker; of the others it shows those that this engine
 * holds, since nobody can look into a queue of a broker.
 */
export class Browser {
  readonly #parts: BrowserParts;
  readonly #dead: DeadLetters;

  constructor(parts: BrowserParts) {
    this.#parts = parts;
    const { broker, topology, clock, lines } = parts;
    this.#dead = new DeadLetters({
      broker,
      topology,
      clock,
      sawDeath: (order) => {
        parts.held.sawDeath(order);
      },
      policyOf: (queue) => lines.get(queue)?.policy,
    });
  }

  /** Counts over all engines: what they hold, and what nobody holds. */
  async stats(): Promise<ReadonlyMap<string, QueueStats>> {
    const { topology, engines, held } = this.#parts;
    const own = queueStats(held.lanes.table);
    const all = new Map<string, QueueStats>();
    for (const [queue, stats] of own) {
      const line = this.#parts.lines.get(queue);
      if (line === undefined) continue;
      const { main, retry, dead } = line.names;
      const elsewhere = engines.heldElsewhere(queue);
      const atBroker = (await topology.readyIn(main)) + (await topology.readyIn(retry));
      all.set(queue, {
        ...stats,
        waiting: stats.waiting + elsewhere.waiting + atBroker,
        delayed: stats.delayed + elsewhere.delayed,
        inFlight: stats.inFlight + elsewhere.inFlight,
        groups: stats.groups + elsewhere.groups,
        dead: await this.#countDead(queue, dead),
      });
    }
    return all;
  }

  async get(id: string): Promise<Job | undefined> {
    const { held, lines } = this.#parts;
    const here = held.find(id);
    if (here !== undefined) return held.jobOf(here.row);
    const queues = [...lines.values()].map(({ names }) => names.dead);
    return this.#dead.open(queues, null, ({ entries }) => {
      const found = entries.find(({ stored }) => stored.id === id);
      return Promise.resolve(found === undefined ? undefined : deadJobOf(found.stored));
    });
  }

  async list(filter: JobFilter): Promise<JobPage> {
    const found = await this.#find(filter);
    const limit = Math.max(1, Math.floor(filter.limit));
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const hasMore = found.length > limit && last !== undefined;
    return {
      jobs: page.map(({ job }) => job),
      nextCursor: hasMore ? writeCursor(filter.order, last.key) : null,
    };
  }

  async *scan({ queues, states, order, after }: JobScan): AsyncGenerator<readonly ScannedJob[]> {
    const filter = { queues, states, order, functionId: null, limit: Infinity, cursor: after };
    const found = await this.#find(filter);
    for (let at = 0; at < found.length; at += SLICE) {
      yield found
        .slice(at, at + SLICE)
        .map(({ key, job }) => scannedJob(job, writeCursor(order, key)));
    }
  }

  /** Everything behind the cursor in order, at least as much as the limit asks for and one more. */
  async #find(filter: JobFilter): Promise<{ readonly key: number; readonly job: Job }[]> {
    const { held, lines } = this.#parts;
    const { rows } = held.lanes.list({ ...filter, limit: Math.min(filter.limit + 1, MOST_LISTED) });
    const here = rows.map((row) => held.jobOf(row)).map((job) => ({ key: job.seq, job }));
    if (filter.states !== null && !filter.states.includes('dead')) return here;
    const queues = filter.queues ?? [...lines.keys()];
    const entries = await this.#dead.open(this.#deadQueues(queues), null, (opened) =>
      Promise.resolve(opened.entries),
    );
    const isReversed = filter.order === 'last_died';
    const isBefore = (a: number, b: number): boolean => (isReversed ? a > b : a < b);
    const after = filter.cursor === null ? null : readCursor(filter.cursor, filter.order);
    const dead = entries
      .map(({ stored }) => stored)
      .filter(({ queue, id }) => queues.includes(queue) && held.find(id) === undefined)
      .filter(({ functionId }) => filter.functionId === null || functionId === filter.functionId)
      .map((stored) => ({
        key: filter.order === 'accepted' ? stored.seq : stored.deathOrder,
        job: deadJobOf(stored),
      }))
      .filter(({ key }) => after === null || isBefore(after, key));
    return [...here, ...dead].sort((a, b) => (isBefore(a.key, b.key) ? -1 : 1));
  }

  /** Ends the waiting and delayed ones among them that this engine holds. */
  async cancel(ids: readonly string[]): Promise<readonly string[]> {
    const { held, lines, clock, changed } = this.#parts;
    const { lanes } = held;
    const cancelled: string[] = [];
    for (const id of ids) {
      const row = lanes.reserveWaiting(id);
      if (row === NO_ROW) continue;
      const job = held.get(row);
      const line = lines.get(job.stored.queue);
      try {
        await inTurn(job, async () => {
          await line?.outbox.publishEnd(job.stored);
          line?.release(job);
        });
      } catch (thrown) {
        if (held.isHeld(job)) lanes.release(row, clock.now());
        throw thrown;
      }
      if (!held.isHeld(job)) continue;
      const now = clock.now();
      cancelled.push(job.stored.id);
      lanes.discard(row, now, now, bytesOf(job.stored));
    }
    changed();
    return cancelled;
  }

  redrive(selection: DeadSelection): Promise<readonly string[]> {
    const { held, lines, clock } = this.#parts;
    return this.#withDead(selection, async ({ stored }) => {
      const line = lines.get(stored.queue);
      if (line === undefined) return;
      await line.outbox.publishTo(line.names.retry, {
        ...stored,
        attempts: 0,
        interruptions: 0,
        failure: null,
        expiresAt: null,
        dueAt: clock.now(),
        deathOrder: 0,
        leasedAt: null,
        version: stored.version + 1,
      });
      held.lanes.table.line(stored.queue).totals.redriven++;
    });
  }

  discard(selection: DeadSelection): Promise<readonly string[]> {
    const { held, clock } = this.#parts;
    return this.#withDead(selection, ({ stored }) => {
      const now = clock.now();
      const { epoch, seq } = stored;
      if (held.find(stored.id) === undefined) {
        held.take(stored, { seq, epoch, state: 'discarded', at: now }, null, false, now);
      }
      held.lanes.table.line(stored.queue).totals.discarded++;
      return Promise.resolve();
    });
  }

  async pause(queue: string, paused: boolean): Promise<void> {
    const line = this.#parts.held.lanes.table.line(queue);
    const { topology } = this.#parts;
    await topology.setFlag(topology.names.pausedFlag(queue), paused);
    line.paused = paused;
  }

  /** Looks whether a queue was paused, by whichever engine. */
  async recallPause(queue: string): Promise<void> {
    const { topology, held } = this.#parts;
    const paused = await topology.exists(topology.names.pausedFlag(queue));
    held.lanes.table.line(queue).paused = paused;
  }

  /** Does something with dead jobs, and acknowledges each once that is safe. */
  async #withDead(
    { queues, ids, limit }: DeadSelection,
    act: (entry: DeadEntry) => Promise<void>,
  ): Promise<readonly string[]> {
    const { held } = this.#parts;
    for (const queue of queues) held.lanes.table.line(queue);
    if (limit <= 0 || ids?.length === 0) return [];
    const deadQueues = this.#deadQueues(queues);
    const wanted = ids === null ? null : new Set(ids);
    const canStop = wanted === null && queues.length === 1 && !this.#isShared(deadQueues[0] ?? '');
    const done: string[] = [];
    await this.#dead.open(
      deadQueues,
      canStop ? Math.min(limit, MAX_PREFETCH) : null,
      async (opened) => {
        const chosen = opened.entries
          .filter(({ stored }) => queues.includes(stored.queue))
          .filter(({ stored }) => wanted === null || wanted.has(stored.id))
          .slice(0, limit);
        const results = await Promise.allSettled(chosen.map((entry) => act(entry)));
        for (const [at, result] of results.entries()) {
          const entry = chosen[at];
          if (entry === undefined || result.status === 'rejected') continue;
          opened.acknowledge(entry);
          done.push(entry.stored.id);
        }
        const failed = results.find((result) => result.status === 'rejected');
        if (failed !== undefined && done.length === 0) throw failed.reason;
      },
    );
    this.#parts.changed();
    return done;
  }

  #deadQueues(queues: readonly string[]): string[] {
    return queues.flatMap((queue) => this.#parts.lines.get(queue)?.names.dead ?? []);
  }

  async #countDead(queue: string, dead: string): Promise<number> {
    const count = await this.#dead.count(dead);
    if (count === 0 || !this.#isShared(dead)) return count;
    return this.#dead.open([dead], null, ({ entries }) =>
      Promise.resolve(entries.filter(({ stored }) => stored.queue === queue).length),
    );
  }

  /** Whether several queues keep their dead jobs there. */
  #isShared(dead: string): boolean {
    return [...this.#parts.lines.values()].filter(({ names }) => names.dead === dead).length > 1;
  }
}
