import type { CancelTimer, Clock } from '../../base/clock.ts';
import { IiiError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { Secret } from '../../base/secret.ts';
import { STORE_GAPS } from '../../queue/store-gaps.ts';
import type {
  DeadSelection,
  EnginePeers,
  JobFilter,
  JobPage,
  JobScan,
  LeaseRequest,
  QueueStats,
  Receipt,
  Reclaimed,
  ScannedJob,
  Settlement,
  Store,
  StoreSignal,
  StoreTraits,
} from '../../queue/store.ts';
import type { Job, Lease, NewJob, QueuePolicy } from '../../queue/types.ts';
import { Broker } from './broker.ts';
import { asUnavailable, brokerUnavailable, withoutPassword } from './broker-errors.ts';
import { Browser } from './browser.ts';
import { Engines } from './engines.ts';
import type { HeldJob } from './held-jobs.ts';
import { HeldJobs } from './held-jobs.ts';
import { isUuid, newStored } from './job-message.ts';
import { JobLine } from './job-line.ts';
import { refuseLeaving, refuseMove } from './move-journal.ts';
import { settleHeld } from './settle.ts';
import type { QueueMode } from './topology.ts';
import { Names, Topology } from './topology.ts';

const TICK_MS = 1_000;

export interface RabbitStoreParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly url: Secret;
  readonly queueMode: QueueMode;
  /** What every name at the broker begins with; `iii` unless said otherwise. */
  readonly namePrefix?: string;
}

/**
 * Keeps jobs at a RabbitMQ broker. What the broker hands to this engine is held unacknowledged, in the
 * order of the lanes; an end is an acknowledgement, and everything else is a newer copy that is
 * confirmed before the older one is acknowledged. A job is never in no queue. It may be there twice,
 * and then its version says which copy holds. See topology.ts for what is at the broker.
 */
export class RabbitStore implements Store {
  readonly traits: StoreTraits;
  readonly peers: EnginePeers;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #location: string;
  readonly #broker: Broker;
  readonly #topology: Topology;
  readonly #engines: Engines;
  readonly #browser: Browser;
  readonly #held = new HeldJobs();
  readonly #lines = new Map<string, JobLine>();
  readonly #listeners: ((signal: StoreSignal) => void)[] = [];
  #cancelTimer: CancelTimer | undefined;
  /** When the timer will ring; `Infinity` without one. */
  #timerAt = Infinity;
  #cancelTick: CancelTimer | undefined;
  #isOpen = false;

  constructor({ clock, random, log, url, queueMode, namePrefix = 'iii' }: RabbitStoreParts) {
    this.#clock = clock;
    this.#log = log;
    this.#location = withoutPassword(url.reveal());
    this.traits = {
      name: 'rabbitmq',
      guarantee:
        queueMode === 'quorum'
          ? 'the broker confirmed it: on the disks of most nodes of its quorum queue'
          : 'the broker confirmed it: on the disk of one node (classic queue)',
      survivesRestart: true,
      sharedByEngines: true,
      location: this.#location,
      gaps: STORE_GAPS.rabbitmq,
    };
    this.#broker = new Broker({
      url,
      location: this.#location,
      clock,
      log,
      onUp: () => {
        this.#engines.rejoin();
        for (const line of this.#lines.values()) void line.open();
      },
    });
    this.#topology = new Topology({
      broker: this.#broker,
      clock,
      mode: queueMode,
      names: new Names(namePrefix),
      log,
    });
    this.#engines = new Engines({
      broker: this.#broker,
      topology: this.#topology,
      clock,
      random,
      lines: this.#lines,
      held: this.#held,
      signal: (kind, queue) => {
        this.#signal(kind, queue);
      },
    });
    this.peers = this.#engines;
    this.#browser = new Browser({
      broker: this.#broker,
      topology: this.#topology,
      engines: this.#engines,
      clock,
      held: this.#held,
      lines: this.#lines,
      changed: () => {
        this.#changed();
      },
    });
  }

  async open(policies: readonly QueuePolicy[]): Promise<void> {
    await this.#broker.open();
    this.#isOpen = true;
    try {
      await refuseMove(this.#topology, this.#location);
      await refuseLeaving(this.#topology, this.#location);
      await this.#topology.declareEngines();
      await this.#engines.join();
      this.#addLines(policies);
      for (const line of this.#lines.values()) {
        await line.open();
        await this.#browser.recallPause(line.policy.name);
      }
    } catch (thrown) {
      await this.close();
      throw asUnavailable(this.#location, thrown);
    }
    this.#tick();
  }

  configure(policies: readonly QueuePolicy[]): void {
    for (const line of this.#addLines(policies)) void line.open();
  }

  async append(jobs: readonly NewJob[]): Promise<readonly Receipt[]> {
    const batch = new Set<string>();
    const checked = jobs.map((job) => ({ job, line: this.#check(job, batch) }));
    if (this.#broker.trouble !== null) throw this.#unavailable(this.#broker.trouble);
    const now = this.#clock.now();
    const results = await Promise.allSettled(
      checked.map(({ job, line }) => line.outbox.publish(newStored(job, this.#held.nextSeq(now)))),
    );
    for (const result of results) {
      if (result.status === 'rejected') throw asUnavailable(this.#location, result.reason);
    }
    for (const { queue } of jobs) this.#held.lanes.table.line(queue).totals.enqueued++;
    this.#changed();
    return jobs.map(({ id }) => ({ id, duplicate: false }));
  }

  async lease({ queue, limit, offer }: LeaseRequest): Promise<readonly Lease[]> {
    this.#held.lanes.table.line(queue);
    const line = this.#lines.get(queue);
    line?.offered(offer);
    if (line?.isReady !== true || (line.isFifo && !line.epochs.hasRoom)) return [];
    const rows = this.#held.lanes.lease(queue, limit, offer, this.#clock.now());
    const leases = await this.#begin(line, rows);
    this.#changed();
    return leases;
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    const parts = { held: this.#held, clock: this.#clock };
    const ends = settlements.map((settlement) =>
      settleHeld(settlement, { ...parts, lineOf: (queue) => this.#lines.get(queue) }, () => {
        const { trouble } = this.#broker;
        if (trouble !== null) throw this.#unavailable(trouble);
      }),
    );
    const results = await Promise.allSettled(ends);
    this.#changed();
    return results.map((result) => {
      if (result.status === 'rejected') throw asUnavailable(this.#location, result.reason);
      return result.value;
    });
  }

  async reclaim(limit: number): Promise<readonly Reclaimed[]> {
    const reclaimed = this.#held.lanes
      .reclaim(limit, this.#clock.now())
      .map(({ row, cause }) => ({ lease: this.#held.leaseOf(row), cause }));
    this.#changed();
    return reclaimed;
  }

  refusal(): IiiError | null {
    const { trouble } = this.#broker;
    return trouble === null ? null : this.#unavailable(trouble);
  }

  watch(listener: (signal: StoreSignal) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#cancelTick?.();
    this.#cancelTimer?.();
    this.#listeners.length = 0;
    await Promise.all([...this.#lines.values()].map((line) => line.close()));
    await this.#engines.leave();
    await this.#broker.close();
  }

  stats(): Promise<ReadonlyMap<string, QueueStats>> {
    return this.#ask(() => this.#browser.stats());
  }

  get(id: string): Promise<Job | undefined> {
    return this.#ask(() => this.#browser.get(id));
  }

  list(filter: JobFilter): Promise<JobPage> {
    return this.#ask(() => this.#browser.list(filter));
  }

  scan(scan: JobScan): AsyncIterable<readonly ScannedJob[]> {
    return this.#browser.scan(scan);
  }

  cancel(ids: readonly string[]): Promise<readonly string[]> {
    return this.#ask(() => this.#browser.cancel(ids));
  }

  redrive(selection: DeadSelection): Promise<readonly string[]> {
    return this.#ask(() => this.#browser.redrive(selection));
  }

  discard(selection: DeadSelection): Promise<readonly string[]> {
    return this.#ask(() => this.#browser.discard(selection));
  }

  async pause(queue: string, paused: boolean): Promise<void> {
    await this.#ask(() => this.#browser.pause(queue, paused));
    this.#engines.tellPaused(queue, paused);
  }

  #addLines(policies: readonly QueuePolicy[]): JobLine[] {
    this.#held.configure(policies, this.#clock.now());
    const added: JobLine[] = [];
    for (const policy of policies) {
      const known = this.#lines.get(policy.name);
      if (known !== undefined) {
        known.reconfigure(policy);
        continue;
      }
      const line = new JobLine(policy, {
        broker: this.#broker,
        topology: this.#topology,
        held: this.#held,
        clock: this.#clock,
        log: this.#log,
        changed: () => {
          this.#changed();
        },
        ready: (queue) => {
          this.#signal('leasable', queue);
        },
      });
      this.#lines.set(policy.name, line);
      added.push(line);
    }
    return added;
  }

  /** @throws IiiError QUEUE_NOT_FOUND, INVALID_ARGUMENTS, CONFLICT, `enqueue_error` for what this store cannot do */
  #check(job: NewJob, batch: Set<string>): JobLine {
    this.#held.lanes.table.line(job.queue);
    const line = this.#lines.get(job.queue);
    if (line === undefined) throw this.#unavailable('the queue is not open');
    const { id } = job;
    if (!isUuid(id)) {
      throw new IiiError('INVALID_ARGUMENTS', `The job id "${id}" is not a UUID.`);
    }
    if (this.#held.find(id) !== undefined || batch.has(id)) {
      throw new IiiError('CONFLICT', `There is already a job with the id ${id}.`);
    }
    batch.add(id);
    for (const [feature, isAsked] of [
      ['priority', job.priority !== 0],
      ['dedup_key', job.dedupKey !== null],
    ] as const) {
      const gap = this.traits.gaps[feature];
      if (!isAsked || gap === undefined) continue;
      throw new IiiError(
        'enqueue_error',
        `queue '${job.queue}': the RabbitMQ store has no ${feature}: ${gap}`,
        { hint: `leave ${feature} out, or keep the jobs in Redis or in a file` },
      );
    }
    return line;
  }

  /** Begins leases; those of jobs that may have brought an engine down are written down first. */
  async #begin(line: JobLine, rows: readonly number[]): Promise<readonly Lease[]> {
    const { epoch } = this.#held.lanes.table.columns;
    const begun = rows.map(async (row) => {
      if (line.isFifo) epoch.set(row, line.epochs.next(epoch.get(row)));
      const held = this.#held.get(row);
      return line.isFifo && held.isSuspect ? this.#writeDown(line, held) : this.#held.leaseOf(row);
    });
    return (await Promise.all(begun)).filter((lease) => lease !== undefined);
  }

  async #writeDown(line: JobLine, held: HeldJob): Promise<Lease | undefined> {
    const { row } = held;
    try {
      await line.copies.writeDown(held);
      return this.#held.isHeld(held) ? this.#held.leaseOf(row) : undefined;
    } catch {
      const at = this.#clock.now();
      if (!this.#held.isHeld(held)) return undefined;
      if (!line.isCurrent(held)) this.#held.drop(held, at);
      else this.#held.lanes.settle(row, { kind: 'return', countsInterruption: false }, at, at, 0);
      return undefined;
    }
  }

  async #ask<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (thrown) {
      throw asUnavailable(this.#location, thrown);
    }
  }

  #unavailable(reason: string): IiiError {
    return brokerUnavailable(this.#location, reason);
  }

  #tick(): void {
    if (!this.#isOpen) return;
    for (const [queue, line] of this.#lines) {
      line.tick(this.#engines.offeredElsewhere(queue), this.#engines.hasLeader(queue));
    }
    this.#engines.rejoin();
    this.#engines.tell();
    this.#cancelTick = this.#clock.after(TICK_MS, () => {
      this.#tick();
    });
  }

  #signal(kind: StoreSignal['kind'], queue: string): void {
    for (const listener of this.#listeners) listener({ kind, queue });
  }

  /** After every change: tells the listeners, and waits for the earliest time that matters. */
  #changed(): void {
    const { lanes } = this.#held;
    lanes.takeSignals((kind, queue) => {
      // a line that becomes ready says so itself
      if (kind === 'reclaimable' || this.#lines.get(queue)?.isReady === true) {
        this.#signal(kind, queue);
      }
    });
    const at = lanes.nextAt();
    if (at >= this.#timerAt || !this.#isOpen) return;
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer = this.#clock.after(at - this.#clock.now(), () => {
      this.#timerAt = Infinity;
      this.#cancelTimer = undefined;
      lanes.advance(this.#clock.now());
      this.#changed();
    });
  }
}
