import { ROW } from '../../queue/row-state.ts';
import type { AttemptRecord, DeadReason, JobFailure } from '../../queue/types.ts';
import type { RecordReader } from './record-reader.ts';
import { openRecord } from './record-reader.ts';
import type { RecordWriter } from './record-writer.ts';
import { textRoom } from './record-writer.ts';

/** What happened to a job so far. */
export interface Past {
  readonly history: readonly AttemptRecord[];
  readonly failure: JobFailure | null;
  /** Whether the job's own time to live no longer counts, because it was redriven. */
  readonly expiryLifted: boolean;
}

export const NO_PAST: Past = { history: [], failure: null, expiryLifted: false };

/** Where a job is, without what happened to it. Times are milliseconds since the epoch. */
interface StoredPosition {
  readonly seq: number;
  /** One of `ROW`; a delayed job is kept as waiting with its due time. */
  readonly state: number;
  readonly attempts: number;
  readonly interruptions: number;
  readonly epoch: number;
  readonly dueAt: number;
  /** In flight: when leased. Dead: when failed. Finished: when ended. Otherwise 0. */
  readonly stampAt: number;
  /** Dead: place in the order of deaths. Finished: place in the order of ends. Otherwise 0. */
  readonly order: number;
}

/** Where a job is. */
export interface StoredState extends StoredPosition {
  readonly past: Past;
}

/** What of a state recovery needs. */
export interface StoredPlace extends StoredPosition {
  /** See `Past`. */
  readonly expiryLifted: boolean;
}

const HAS = { past: 1, expiryLifted: 2 } as const;
const FIXED_BYTES = 8 + 1 + 1 + 3 * 4 + 3 * 8;
/** Where the failure begins in the JSON of a past: inside of a text its quotes would be escaped. */
const FAILURE = Buffer.from(',"failure":');
/**
 * The failure as `encodeState` writes it when neither code nor message has an escape. What can be cut
 * out of the text need not be parsed, which takes longer than everything else about a record.
 */
const PLAIN_FAILURE =
  /^\{"reason":"([a-z_]+)","failedAt":(\d+),"error":\{"code":"([^"\\]*)","message":"([^"\\]*)"[,}]/;
/** A text that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;
const STATES: ReadonlySet<number> = new Set(Object.values(ROW));

/**
 * Writes what changes of a job. Answers the length of the record. If you change the layout, raise
 * `RECORD_VERSION`.
 */
export function encodeState(writer: RecordWriter, stored: StoredState): number {
  const { history, failure, expiryLifted } = stored.past;
  const hasPast = history.length > 0 || failure !== null;
  const text = hasPast ? textOf(history, failure) : '';
  writer.begin(FIXED_BYTES + textRoom(text));
  writer.number(stored.seq);
  writer.byte(stored.state);
  writer.byte((hasPast ? HAS.past : 0) | (expiryLifted ? HAS.expiryLifted : 0));
  writer.count(stored.attempts);
  writer.count(stored.interruptions);
  writer.count(stored.epoch);
  writer.number(stored.dueAt);
  writer.number(stored.stampAt);
  writer.number(stored.order);
  if (hasPast) writer.text(text);
  return writer.end();
}

/** What `JSON.stringify` makes of the two; it takes several times as long. */
function textOf(history: readonly AttemptRecord[], failure: JobFailure | null): string {
  const attempts = history.map(textOfAttempt).join(',');
  return `{"history":[${attempts}],"failure":${failure === null ? 'null' : JSON.stringify(failure)}}`;
}

function textOfAttempt(record: AttemptRecord): string {
  const { attempt, startedAt, endedAt, worker, outcome, error } = record;
  if (error !== null || !PLAIN.test(worker)) return JSON.stringify(record);
  return `{"attempt":${attempt},"startedAt":${startedAt},"endedAt":${endedAt},"worker":"${worker}","outcome":"${outcome}","error":null}`;
}

/** The state in a record; `null` when the record is damaged. */
export function decodeState(bytes: Buffer): StoredState | null {
  const reader = openRecord(bytes);
  const place = reader === null ? null : readPlace(reader);
  if (reader === null || place === null) return null;
  const { hasPast, expiryLifted, ...position } = place;
  const past = hasPast ? (JSON.parse(reader.text()) as Omit<Past, 'expiryLifted'>) : NO_PAST;
  return { ...position, past: { ...past, expiryLifted } };
}

/** The same without the past, which takes longer to read than everything else; `null` as above. */
export function decodePlace(bytes: Buffer): StoredPlace | null {
  const reader = openRecord(bytes);
  return reader === null ? null : readPlace(reader);
}

function readPlace(reader: RecordReader): (StoredPlace & { readonly hasPast: boolean }) | null {
  const seq = reader.number();
  const state = reader.byte();
  const flags = reader.byte();
  const place = {
    seq,
    state,
    attempts: reader.count(),
    interruptions: reader.count(),
    epoch: reader.count(),
    dueAt: reader.number(),
    stampAt: reader.number(),
    order: reader.number(),
    expiryLifted: (flags & HAS.expiryLifted) !== 0,
    hasPast: (flags & HAS.past) !== 0,
  };
  return STATES.has(state) ? place : null;
}

/**
 * Why the job is dead, without the history and mostly without the stack; `null` when it is not dead,
 * or the record is damaged or another job's.
 */
export function decodeFailure(bytes: Buffer, seq: number): JobFailure | null {
  const reader = openRecord(bytes);
  if (reader === null || reader.number() !== seq) return null;
  reader.skip(1);
  if ((reader.byte() & HAS.past) === 0) return null;
  reader.skip(3 * 4 + 3 * 8);
  const failure = reader.textBehind(FAILURE);
  if (failure === undefined) return null;
  const plain = PLAIN_FAILURE.exec(failure);
  if (plain === null) return JSON.parse(failure.slice(0, -1)) as JobFailure | null;
  const [, reason, failedAt, code = '', message = ''] = plain;
  return { reason: reason as DeadReason, failedAt: Number(failedAt), error: { code, message } };
}
