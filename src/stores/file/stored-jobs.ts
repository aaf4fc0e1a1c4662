import { ChurnMap } from '../../base/churn-map.ts';
import { RecentMap } from '../../base/recent-map.ts';
import type { Lanes } from '../../queue/lanes.ts';
import { ROW } from '../../queue/row-state.ts';
import type { RowBodies } from '../../queue/row-job.ts';
import type { Job, JobFailure, NewJob } from '../../queue/types.ts';
import { decodeJob, decodePayload } from './job-record.ts';
import type { RecordPort } from './record-port.ts';
import type { Past, StoredState } from './state-record.ts';
import { decodeFailure, decodeState, NO_PAST } from './state-record.ts';

/** What the disk has of a job, beside its place. */
interface Body {
  readonly job: NewJob;
  readonly past: Past;
  /** Size of its records. */
  readonly bytes: number;
}

/** The last jobs accepted that stay in memory until their first lease, and the longest payload of one. */
const RECENT_JOBS = 1_024;
const RECENT_PAYLOAD_LENGTH = 4_096;

/** What stays in memory of a job while it is leased. */
type Held = Omit<Body, 'job'>;

/** The jobs of a store by row: their records, read when somebody asks, and the lanes' columns. */
export class StoredJobs implements RowBodies {
  readonly #records: RecordPort;
  readonly #lanes: Lanes;
  /** A leased job's past, which the disk may already have a newer one of. */
  readonly #held = new ChurnMap<number, Held>();
  /**
   * Jobs that were just accepted. While workers keep up, a job is leased right after its receipt, and
   * need not be read again; of a backlog nothing is in memory.
   */
  readonly #recent = new RecentMap<number, Body>(RECENT_JOBS);

  constructor(records: RecordPort, lanes: Lanes) {
    this.#records = records;
    this.#lanes = lanes;
  }

  /** The whole job; `undefined` when its records are damaged or just being removed. */
  jobOf(row: number): Job | undefined {
    const body = this.#read(row);
    return body === undefined ? undefined : this.#join(row, body);
  }

  /** A job's payload and nothing else; `undefined` as with `jobOf`. */
  payloadOf(row: number): string | undefined {
    const seq = this.#lanes.table.columns.seq.get(row);
    const bytes = this.#records.read('jobs', seq);
    return bytes === undefined ? undefined : decodePayload(bytes, seq);
  }

  /** Why a job is dead; `null` when it is not, or its record is damaged. */
  failureOf(row: number): JobFailure | null {
    const { seq, state } = this.#lanes.table.columns;
    if (state.get(row) !== ROW.dead) return null;
    const bytes = this.#records.read('states', seq.get(row));
    return bytes === undefined ? null : decodeFailure(bytes, seq.get(row));
  }

  /** The whole job, and remembers what `stateOf` needs until `drop`. */
  hold(row: number): Job | undefined {
    const recent = this.#recent.get(row);
    if (recent !== undefined) this.#recent.delete(row);
    const body = recent ?? this.#read(row);
    if (body === undefined) return undefined;
    this.#held.set(row, { past: body.past, bytes: body.bytes });
    return this.#join(row, body);
  }

  drop(row: number): void {
    this.#held.delete(row);
  }

  /** Tells of a job that is about to be written, with the size of its record. */
  written(row: number, job: NewJob, bytes: number): void {
    if (job.payload.length > RECENT_PAYLOAD_LENGTH) return;
    // behind so many others it would be forgotten before its turn
    if (this.#lanes.table.lineOf(row).count(ROW.waiting) > RECENT_JOBS) return;
    this.#recent.set(row, { job, past: NO_PAST, bytes });
  }

  /** The row is about to be another job's. */
  forget(row: number): void {
    this.#recent.delete(row);
  }

  /** Where a job is right now, and the size of its records; `undefined` as with `jobOf`. */
  stateOf(row: number): { readonly state: StoredState; readonly bytes: number } | undefined {
    const held = this.#held.get(row) ?? this.#read(row);
    if (held === undefined) return undefined;
    const { columns } = this.#lanes.table;
    const state = columns.state.get(row);
    return {
      bytes: held.bytes,
      state: {
        seq: columns.seq.get(row),
        state: state === ROW.delayed ? ROW.waiting : state,
        attempts: columns.attempts.get(row),
        interruptions: columns.interruptions.get(row),
        epoch: columns.epoch.get(row),
        dueAt: columns.dueAt.get(row),
        stampAt: columns.stampAt.get(row),
        order: columns.deathOrder.get(row),
        past: held.past,
      },
    };
  }

  #read(row: number): Body | undefined {
    const { columns } = this.#lanes.table;
    const seq = columns.seq.get(row);
    const jobBytes = this.#records.read('jobs', seq);
    if (jobBytes === undefined) return undefined;
    const bytes = jobBytes.length;
    const found = decodeJob(jobBytes);
    if (found?.seq !== seq || found.job.id !== this.#lanes.table.idOf(row)) return undefined;
    const held = this.#held.get(row);
    if (held !== undefined) return { job: found.job, ...held };
    // a job that was never leased has no other record
    if (columns.epoch.get(row) === 0) return { job: found.job, past: NO_PAST, bytes };
    const stateBytes = this.#records.read('states', seq);
    if (stateBytes === undefined) return { job: found.job, past: NO_PAST, bytes };
    const size = bytes + stateBytes.length;
    const state = decodeState(stateBytes);
    if (state?.seq !== seq) return undefined;
    return { job: found.job, past: state.past, bytes: size };
  }

  #join(row: number, { job, past }: Body): Job {
    const progress = this.#lanes.table.progressOf(row);
    // written out: this is done for every lease
    return {
      id: job.id,
      queue: job.queue,
      functionId: job.functionId,
      payload: job.payload,
      group: job.group,
      priority: job.priority,
      enqueuedAt: job.enqueuedAt,
      dueAt: progress.dueAt,
      expiresAt: past.expiryLifted ? null : job.expiresAt,
      dedupKey: job.dedupKey,
      overrides: job.overrides,
      traceparent: job.traceparent,
      baggage: job.baggage,
      metadata: job.metadata,
      seq: progress.seq,
      state: progress.state,
      attempts: progress.attempts,
      interruptions: progress.interruptions,
      epoch: progress.epoch,
      history: past.history,
      failure: past.failure,
      leasedAt: progress.leasedAt,
      endedAt: progress.endedAt,
    };
  }
}
