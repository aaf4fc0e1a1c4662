import { IiiError } from '../../base/errors.ts';
import type { Lanes, RestoredJob } from '../../queue/lanes.ts';
import { ROW, stateName } from '../../queue/row-state.ts';
import type { StoredPlacement } from './job-record.ts';
import { decodePlacement } from './job-record.ts';
import type { StoredQueue } from './queue-record.ts';
import { decodeQueue } from './queue-record.ts';
import type { RecordPort, StoredRecord } from './record-port.ts';
import type { RecordKey, Table } from './tables.ts';
import type { StoredPlace } from './state-record.ts';
import { decodePlace } from './state-record.ts';

/** Something in a store that is not what was written. */
export interface Damage {
  /** A record's table; `journal` for a part of the journal, whose key is file and place. */
  readonly table: Table | 'journal';
  readonly key: RecordKey;
  /** The job's id, when it can still be read. */
  readonly jobId: string | null;
  readonly problem: string;
}

/** A record that is not what was written. */
export interface RecordDamage extends Damage {
  readonly table: Table;
}

/** Records to be read from one end to the other. */
export type ScannedRecords = Pick<RecordPort, 'scan' | 'count'>;

/** One job as it is on disk. */
export interface FoundJob {
  readonly placement: StoredPlacement;
  /** `null` for a job that was never leased. */
  readonly state: StoredPlace | null;
  readonly bytes: number;
}

interface FoundState {
  readonly key: RecordKey;
  /** `null` when the record is damaged. */
  readonly state: StoredPlace | null;
  readonly bytes: number;
}

/** Reads a whole store, in the order of acceptance, and checks every record on the way. */
export function readStore(
  records: ScannedRecords,
  visit: {
    queue(queue: StoredQueue): void;
    job(job: FoundJob): void;
    damage(damage: RecordDamage): void;
  },
): void {
  for (const { key, bytes } of scanAll(records, 'queues')) {
    const queue = decodeQueue(bytes);
    if (queue?.name === key) visit.queue(queue);
    else visit.damage(unreadable('queues', key, null));
  }

  const states = scanAll(records, 'states');
  let record = take(states);
  /** Goes to the state of this job; states before it belong to none. */
  const stateAt = (seq: number): FoundState | undefined => {
    for (; record !== undefined && Number(record.key) < seq; record = take(states)) {
      const problem = 'There is no job that belongs to it.';
      visit.damage({ table: 'states', key: record.key, jobId: null, problem });
    }
    if (record?.key !== seq) return undefined;
    const found = record;
    record = take(states);
    return found;
  };
  for (const { key, bytes } of scanAll(records, 'jobs')) {
    // before the state is read: then these bytes are no longer good
    const placement = decodePlacement(bytes);
    const own = stateAt(Number(key));
    if (placement?.seq !== key) {
      visit.damage(unreadable('jobs', key, null));
      continue;
    }
    const state = own?.state ?? null;
    if (own !== undefined && state?.seq !== key) {
      visit.damage(unreadable('states', key, placement.id));
      continue;
    }
    visit.job({ placement, state, bytes: bytes.length + (own?.bytes ?? 0) });
  }
  stateAt(Infinity);
}

/** The next place in the order of acceptance, in that of deaths, and in that of ends. */
export interface NextNumbers {
  readonly seq: number;
  readonly deathOrder: number;
  readonly endOrder: number;
}

/** What recovery found. */
export interface Recovered {
  readonly damages: readonly RecordDamage[];
  readonly next: NextNumbers;
}

/** Fills empty lanes with what is on disk. The queues that have settings must be there already. */
export function recover(records: RecordPort, lanes: Lanes, now: number): Recovered {
  const damages: RecordDamage[] = [];
  const finished: FoundJob[] = [];
  const queues: StoredQueue[] = [];
  const next = { seq: 1, deathOrder: 1, endOrder: 1 };
  lanes.table.expect(records.count('jobs'));
  readStore(records, {
    queue: (queue) => queues.push(queue),
    damage: (damage) => damages.push(damage),
    job: (job) => {
      next.seq = Math.max(next.seq, job.placement.seq + 1);
      const kind = isFinished(job) ? 'endOrder' : 'deathOrder';
      next[kind] = Math.max(next[kind], (job.state?.order ?? 0) + 1);
      if (isFinished(job)) finished.push(job);
      else lanes.restore(restoredOf(job), now);
    },
  });
  finished.sort((a, b) => (a.state?.order ?? 0) - (b.state?.order ?? 0));
  for (const job of finished) lanes.restore(restoredOf(job), now);
  for (const { name, paused, totals, nextSeq, nextDeathOrder } of queues) {
    lanes.table.ensureLine(name, false).paused = paused;
    lanes.restoreTotals(name, totals);
    next.seq = Math.max(next.seq, nextSeq);
    next.deathOrder = Math.max(next.deathOrder, nextDeathOrder);
  }
  lanes.continueFrom(next.seq, next.deathOrder);
  return { damages, next };
}

function isFinished({ state }: FoundJob): boolean {
  return state?.state === ROW.completed || state?.state === ROW.discarded;
}

/** Written out member by member: at a million jobs, spreading objects takes longer than all the rest. */
function restoredOf(found: FoundJob): RestoredJob {
  const { placement, state, bytes } = found;
  // a finished job has given its key back, and another may hold it by now
  const dedupKey = isFinished(found) ? null : placement.dedupKey;
  // a dead job does not expire, and no longer does once it is redriven
  const expires = state === null || !(state.expiryLifted || state.state === ROW.dead);
  return {
    seq: placement.seq,
    id: placement.id,
    queue: placement.queue,
    functionId: placement.functionId,
    group: placement.group,
    priority: placement.priority,
    enqueuedAt: placement.enqueuedAt,
    dueAt: state?.dueAt ?? placement.dueAt,
    expiresAt: expires ? placement.expiresAt : null,
    dedupKey,
    state: (state === null ? undefined : stateName(state.state)) ?? 'waiting',
    attempts: state?.attempts ?? 0,
    interruptions: state?.interruptions ?? 0,
    epoch: state?.epoch ?? 0,
    stampAt: state?.stampAt ?? 0,
    deathOrder: state?.state === ROW.dead ? state.order : 0,
    bytes,
  };
}

/** A record whose bytes are not those that were written. */
export function unreadable(table: Table, key: RecordKey, jobId: string | null): RecordDamage {
  return { table, key, jobId, problem: 'Its checksum does not match.' };
}

/** The next record of a state. */
function take(records: Iterator<StoredRecord, undefined>): FoundState | undefined {
  const record = records.next().value;
  if (record === undefined) return undefined;
  const { key, bytes } = record;
  return { key, state: decodePlace(bytes), bytes: bytes.length };
}

/**
 * All records of a table.
 * @throws IiiError STORE_DAMAGED when some are missing: which ones can no longer be told
 */
export function* scanAll(
  records: ScannedRecords,
  table: Table,
): Generator<StoredRecord, undefined> {
  let found = 0;
  let last: RecordKey | undefined;
  for (const record of records.scan(table)) {
    found++;
    last = record.key;
    yield record;
  }
  const expected = records.count(table);
  if (found === expected) return;
  throw new IiiError(
    'STORE_DAMAGED',
    `The table ${table} of the store has ${found} of ${expected} records.`,
    {
      reason: `The last one that can be read is ${last ?? 'none'}. Nothing was changed.`,
      hint: 'Restore the folder from a backup (iii store backup makes one).',
      details: { table, found, expected },
    },
  );
}
