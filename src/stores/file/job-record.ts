import { readUuid } from '../../queue/id-index.ts';
import type { Placement } from '../../queue/job-table.ts';
import type { JobOverrides, NewJob } from '../../queue/types.ts';
import type { RecordReader } from './record-reader.ts';
import { openRecord } from './record-reader.ts';
import type { RecordWriter } from './record-writer.ts';
import { textRoom } from './record-writer.ts';

/** Which of the optional fields are in a job's record. */
const HAS = {
  group: 1,
  expiresAt: 2,
  dedupKey: 4,
  overrides: 8,
  traceparent: 16,
  baggage: 32,
  metadata: 64,
} as const;

/** The optional fields that are texts, in the order in which they stand. */
const OPTIONAL_TEXTS = [
  HAS.group,
  HAS.dedupKey,
  HAS.overrides,
  HAS.traceparent,
  HAS.baggage,
  HAS.metadata,
];

/** Bytes of everything but the texts. */
const FIXED_BYTES = 1 + 8 + 16 + 4 + 8 + 8 + 8;
const UUID_BYTES = 16;
const words = new Uint32Array(4);

/** A job and its place in the order of acceptance, as they are on disk. */
export interface StoredJob {
  readonly seq: number;
  readonly job: NewJob;
}

export interface StoredPlacement extends Placement {
  readonly seq: number;
}

/**
 * Writes what of a job never changes. Answers the length of the record. If you change the layout, raise
 * `RECORD_VERSION`.
 */
export function encodeJob(writer: RecordWriter, job: NewJob, seq: number): number {
  const overrides = textOfOverrides(job.overrides);
  const { group, expiresAt, dedupKey, traceparent, baggage, metadata } = job;
  const optional = [group, dedupKey, overrides, traceparent, baggage, metadata];
  let room = FIXED_BYTES + textRoom(job.queue) + textRoom(job.functionId) + textRoom(job.payload);
  for (const text of optional) if (text !== null) room += textRoom(text);

  writer.begin(room);
  writer.byte(
    (group === null ? 0 : HAS.group) |
      (expiresAt === null ? 0 : HAS.expiresAt) |
      (dedupKey === null ? 0 : HAS.dedupKey) |
      (overrides === null ? 0 : HAS.overrides) |
      (traceparent === null ? 0 : HAS.traceparent) |
      (baggage === null ? 0 : HAS.baggage) |
      (metadata === null ? 0 : HAS.metadata),
  );
  writer.number(seq);
  readUuid(job.id, words);
  for (const word of words) writer.bigEndian(word);
  writer.count(job.priority);
  writer.number(job.enqueuedAt);
  writer.number(job.dueAt);
  if (expiresAt !== null) writer.number(expiresAt);
  writer.text(job.queue);
  writer.text(job.functionId);
  for (const text of optional) if (text !== null) writer.text(text);
  writer.text(job.payload);
  return writer.end();
}

/** The job in a record; `null` when the record is damaged. */
export function decodeJob(bytes: Buffer): StoredJob | null {
  const reader = openRecord(bytes);
  if (reader === null) return null;
  const flags = reader.byte();
  const placement = readPlacement(reader, flags);
  // written out: spreading objects is the slowest part of reading a job
  const job: NewJob = {
    id: placement.id,
    queue: placement.queue,
    functionId: placement.functionId,
    group: placement.group,
    priority: placement.priority,
    enqueuedAt: placement.enqueuedAt,
    dueAt: placement.dueAt,
    expiresAt: placement.expiresAt,
    dedupKey: placement.dedupKey,
    overrides: (flags & HAS.overrides) === 0 ? {} : readOverrides(reader.text()),
    traceparent: (flags & HAS.traceparent) === 0 ? null : reader.text(),
    baggage: (flags & HAS.baggage) === 0 ? null : reader.text(),
    metadata: (flags & HAS.metadata) === 0 ? null : reader.text(),
    payload: reader.text(),
  };
  return { seq: placement.seq, job };
}

/** What of the job in a record decides its place; `null` when the record is damaged. */
export function decodePlacement(bytes: Buffer): StoredPlacement | null {
  const reader = openRecord(bytes);
  return reader === null ? null : readPlacement(reader, reader.byte());
}

/** The payload of the job in a record; `undefined` when the record is damaged or another job's. */
export function decodePayload(bytes: Buffer, seq: number): string | undefined {
  const reader = openRecord(bytes);
  if (reader === null) return undefined;
  const flags = reader.byte();
  if (reader.number() !== seq) return undefined;
  reader.skip(UUID_BYTES + 4 + 8 + 8 + ((flags & HAS.expiresAt) === 0 ? 0 : 8));
  reader.skipText();
  reader.skipText();
  for (const flag of OPTIONAL_TEXTS) if ((flags & flag) !== 0) reader.skipText();
  return reader.text();
}

function readPlacement(reader: RecordReader, flags: number): StoredPlacement {
  const seq = reader.number();
  const id = uuidText(reader.hex(UUID_BYTES));
  const priority = reader.count();
  const enqueuedAt = reader.number();
  const dueAt = reader.number();
  const expiresAt = (flags & HAS.expiresAt) === 0 ? null : reader.number();
  const queue = reader.text();
  const functionId = reader.text();
  const group = (flags & HAS.group) === 0 ? null : reader.text();
  const dedupKey = (flags & HAS.dedupKey) === 0 ? null : reader.text();
  return { seq, id, queue, functionId, group, priority, enqueuedAt, dueAt, expiresAt, dedupKey };
}

function textOfOverrides(overrides: JobOverrides): string | null {
  return Object.keys(overrides).length === 0 ? null : JSON.stringify(overrides);
}

function readOverrides(text: string): JobOverrides {
  return JSON.parse(text) as JobOverrides;
}

function uuidText(digits: string): string {
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`;
}
