import type { Clock } from '../../base/clock.ts';
import { NO_ROW } from '../../queue/columns.ts';
import { Lanes } from '../../queue/lanes.ts';
import { isAlive } from '../../queue/row-state.ts';
import type { Job, Lease, QueuePolicy } from '../../queue/types.ts';
import type { StoredJob } from './job-message.ts';
import type { LineSession } from './line-session.ts';

/** Bytes of a finished job beside its texts, roughly. */
const BODY_BYTES = 600;

/** An unacknowledged message: good as long as its session lives. */
export interface Delivery {
  readonly session: LineSession;
  readonly tag: number;
  /** How often it was handed out before. */
  readonly count: number;
  readonly at: number;
  readonly from: 'main' | 'retry';
}

/** A copy that is being published. */
export interface Coming {
  readonly version: number;
  /** Set when it is faster than the confirm. */
  delivery: Delivery | null;
  /** Its queue was deleted, perhaps with it. */
  isGone: boolean;
}

/** A job that this engine holds: nobody else gets it while its delivery lives. */
export interface HeldJob {
  readonly row: number;
  /** As the broker has it. */
  stored: StoredJob;
  /** `null` while a newer copy is on its way here, and when the job has ended. */
  delivery: Delivery | null;
  /** Handed out before, nobody knows how far it got: its next lease is written down first. */
  isSuspect: boolean;
  coming: Coming | null;
  /** Called when the delivery was replaced, or the job is gone. */
  readonly waiters: (() => void)[];
  /** The broker has no copy: its queue was deleted. */
  isOnlyHere: boolean;
  /** What is done with its copies at the broker just now. */
  turn: Promise<unknown> | null;
}

/** The jobs this engine holds, by row, and their order. */
export class HeldJobs {
  readonly lanes = new Lanes((row) => {
    this.#forget(row);
  });
  readonly #byRow: (HeldJob | undefined)[] = [];
  #lastSeq = 0;
  #lastDeath = 0;

  /** A place behind every one this engine knows. */
  nextSeq(now: number): number {
    this.#lastSeq = Math.max(this.#lastSeq + 1, now * 1_000);
    return this.#lastSeq;
  }

  /** A place in the order of deaths behind every one this engine gave. */
  nextDeath(now: number): number {
    this.#lastDeath = Math.max(this.#lastDeath + 1, now * 1_000);
    return this.#lastDeath;
  }

  /** Later deaths come behind this one, also when another engine's clock is ahead. */
  sawDeath(order: number): void {
    this.#lastDeath = Math.max(this.#lastDeath, order);
  }

  configure(policies: readonly QueuePolicy[], now: number): void {
    this.lanes.configure(policies, now);
  }

  /** Begins to hold a job that is not held. */
  take(
    stored: StoredJob,
    place: {
      readonly seq: number;
      readonly epoch: number;
      readonly state: 'waiting' | 'in_flight' | 'discarded';
      readonly at: number;
    },
    delivery: Delivery | null,
    isSuspect: boolean,
    now: number,
  ): HeldJob {
    const { seq, epoch, state, at } = place;
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    const row = this.lanes.restore(
      {
        id: stored.id,
        queue: stored.queue,
        functionId: stored.functionId,
        group: stored.group,
        priority: stored.priority,
        enqueuedAt: stored.enqueuedAt,
        dueAt: stored.dueAt,
        expiresAt: stored.expiresAt,
        dedupKey: null,
        seq,
        state,
        attempts: stored.attempts,
        interruptions: stored.interruptions,
        epoch,
        stampAt: at,
        deathOrder: 0,
        bytes: bytesOf(stored),
      },
      now,
    );
    const held: HeldJob = {
      row,
      stored,
      delivery,
      isSuspect,
      coming: null,
      waiters: [],
      isOnlyHere: false,
      turn: null,
    };
    // a finished job may be one too many to be kept
    if (this.lanes.table.find(stored.id) === row) this.#byRow[row] = held;
    return held;
  }

  find(id: string): HeldJob | undefined {
    const row = this.lanes.find(id);
    return row === NO_ROW ? undefined : this.#byRow[row];
  }

  get(row: number): HeldJob {
    const held = this.#byRow[row];
    if (held === undefined) throw new RangeError(`no job in row ${row}`);
    return held;
  }

  /** Holds a job no longer, as if it had never been here. */
  drop(held: HeldJob, now: number): void {
    if (this.#byRow[held.row] === held) this.lanes.drop(held.row, now);
  }

  isHeld(held: HeldJob): boolean {
    return this.#byRow[held.row] === held;
  }

  /** Whether it is held and has not ended. */
  canRun(held: HeldJob): boolean {
    return this.isHeld(held) && isAlive(this.lanes.table.columns.state.get(held.row));
  }

  isRunning({ row }: HeldJob): boolean {
    return this.lanes.table.progressOf(row).state === 'in_flight';
  }

  /** Whether a change of it is on its way to the broker. */
  isReserved({ row }: HeldJob): boolean {
    return this.lanes.table.columns.hold.get(row) !== 0;
  }

  jobOf(row: number): Job {
    const { stored } = this.get(row);
    const progress = this.lanes.table.progressOf(row);
    return {
      id: stored.id,
      queue: stored.queue,
      functionId: stored.functionId,
      payload: stored.payload,
      group: stored.group,
      priority: stored.priority,
      enqueuedAt: stored.enqueuedAt,
      expiresAt: stored.expiresAt,
      dedupKey: null,
      overrides: stored.overrides,
      traceparent: stored.traceparent,
      baggage: stored.baggage,
      metadata: stored.metadata,
      history: stored.history,
      failure: stored.failure,
      ...progress,
    };
  }

  leaseOf(row: number): Lease {
    const job = this.jobOf(row);
    return { job, attempt: job.attempts + 1, epoch: job.epoch };
  }

  /** All jobs of one queue that can still run, oldest first. */
  ofQueue(queue: string): HeldJob[] {
    const { table } = this.lanes;
    return table.unfinishedRows(table.line(queue)).map((row) => this.get(row));
  }

  #forget(row: number): void {
    const held = this.#byRow[row];
    this.#byRow[row] = undefined;
    for (const wake of held?.waiters.splice(0) ?? []) wake();
  }
}

/**
 * Changes a job's copies at the broker when every change before is through. Two at once would publish
 * two copies of one version, and acknowledge one delivery twice: for that the broker ends the channel.
 */
export async function inTurn<Result>(held: HeldJob, act: () => Promise<Result>): Promise<Result> {
  while (held.turn !== null) await held.turn;
  const acting = act();
  const turn = acting.catch(() => undefined);
  held.turn = turn;
  try {
    return await acting;
  } finally {
    held.turn = null;
  }
}

/** Waits until a job's delivery was replaced or it is gone, unless it need not, and no longer than that. */
export async function untilWoken(
  held: HeldJob,
  clock: Clock,
  longestMs: number,
  isEnough: () => boolean,
): Promise<void> {
  if (isEnough()) return;
  await new Promise<void>((resolve) => {
    const cancel = clock.after(longestMs, resolve);
    held.waiters.push(() => {
      cancel();
      resolve();
    });
  });
}

export function bytesOf({ payload, metadata, history }: StoredJob): number {
  let bytes = BODY_BYTES + payload.length + (metadata?.length ?? 0);
  for (const { error } of history) {
    if (error !== null) bytes += error.message.length + (error.stack?.length ?? 0);
  }
  return bytes;
}
