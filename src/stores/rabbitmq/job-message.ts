import { createHash } from 'node:crypto';
import type { AsyncMessage, Envelope } from 'rabbitmq-client';
import { groupOf } from '../../queue/group.ts';
import type { Job, NewJob, QueuePolicy } from '../../queue/types.ts';
import { bytesOf } from './topology.ts';

/*
 * A job as a message. The body is the payload's JSON text; `message_id` is the job's id; the headers
 * `function_id`, `traceparent`, `baggage` and `x-attempt` are those of the original, for whoever looks.
 * All of the job but the payload is the JSON text in `x-iii`; where that would be too long for a header
 * it follows the payload in the body, and `x-iii-payload-bytes` says where. A message without either
 * was published by another program: a new job.
 *
 * If you change the record, old messages must still be read.
 */

const RECORD = 'x-iii';
const PAYLOAD_BYTES = 'x-iii-payload-bytes';
/** Most bytes of a record in a header: all headers have to fit into one frame of 128 KiB. */
const MAX_HEADER_BYTES = 48_000;
const MAX_COPIED_CHARS = 4_000;
/** Type of a message that says that a job has ended although a copy of it may still be there. */
export const ENDED = 'iii.ended';
/** Type of a message that says which epochs of a FIFO queue may have been given out. */
export const EPOCHS = 'iii.epochs';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * What of a job is kept at the broker. The `seq` of a new one is its producer's; in a FIFO queue the
 * engine that gets it gives it another, since its place is that of the message.
 */
export interface StoredJob extends Omit<Job, 'state' | 'endedAt' | 'dedupKey'> {
  /** Grows with each copy that is published; of two copies the higher one holds. 0: it is new. */
  readonly version: number;
  /** Place in the order of deaths; 0 unless dead. */
  readonly deathOrder: number;
}

/** A job that was just accepted. */
export function newStored(job: NewJob, seq: number): StoredJob {
  // field by field: a copy of the rest costs more than all else that is done here for a job
  return {
    id: job.id,
    queue: job.queue,
    functionId: job.functionId,
    payload: job.payload,
    group: job.group,
    priority: job.priority,
    enqueuedAt: job.enqueuedAt,
    dueAt: job.dueAt,
    expiresAt: job.expiresAt,
    overrides: job.overrides,
    traceparent: job.traceparent,
    baggage: job.baggage,
    metadata: job.metadata,
    seq,
    attempts: 0,
    interruptions: 0,
    epoch: 0,
    history: [],
    failure: null,
    leasedAt: null,
    version: 0,
    deathOrder: 0,
  };
}

/** What the record says of a job. A field that most jobs have the same is left out: it costs on every message. */
type JobRecord = Pick<StoredJob, 'queue' | 'functionId' | 'enqueuedAt' | 'dueAt' | 'seq'> &
  Partial<Omit<StoredJob, 'payload' | 'id'>>;

export function encodeJob(stored: StoredJob): {
  readonly envelope: Envelope;
  readonly body: Buffer;
} {
  const { functionId, traceparent, baggage, attempts } = stored;
  const record = JSON.stringify(recordOf(stored));
  const inHeader = record.length < MAX_HEADER_BYTES && Buffer.byteLength(record) < MAX_HEADER_BYTES;
  const payloadBytes = Buffer.from(stored.payload);
  const headers: Record<string, unknown> = { function_id: functionId.slice(0, MAX_COPIED_CHARS) };
  if (traceparent !== null) headers['traceparent'] = traceparent.slice(0, MAX_COPIED_CHARS);
  if (baggage !== null) headers['baggage'] = baggage.slice(0, MAX_COPIED_CHARS);
  if (attempts !== 0) headers['x-attempt'] = attempts;
  if (inHeader) headers[RECORD] = record;
  else headers[PAYLOAD_BYTES] = payloadBytes.length;
  return {
    // with an encoding the client leaves the body as it is
    envelope: {
      messageId: stored.id,
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers,
    },
    body: inHeader ? payloadBytes : Buffer.concat([payloadBytes, Buffer.from(record)]),
  };
}

function recordOf(stored: StoredJob): { readonly [Field in keyof JobRecord]: unknown } {
  const { overrides, history } = stored;
  return {
    queue: stored.queue,
    functionId: stored.functionId,
    group: stored.group ?? undefined,
    priority: unlessZero(stored.priority),
    enqueuedAt: stored.enqueuedAt,
    dueAt: stored.dueAt,
    expiresAt: stored.expiresAt ?? undefined,
    overrides: Object.keys(overrides).length === 0 ? undefined : overrides,
    traceparent: stored.traceparent ?? undefined,
    baggage: stored.baggage ?? undefined,
    metadata: stored.metadata ?? undefined,
    seq: stored.seq,
    attempts: unlessZero(stored.attempts),
    interruptions: unlessZero(stored.interruptions),
    epoch: unlessZero(stored.epoch),
    history: history.length === 0 ? undefined : history,
    failure: stored.failure ?? undefined,
    leasedAt: stored.leasedAt ?? undefined,
    version: unlessZero(stored.version),
    deathOrder: unlessZero(stored.deathOrder),
  };
}

function unlessZero(value: number): number | undefined {
  return value === 0 ? undefined : value;
}

/** Reads a job. @throws Error when it is none: no function is named, or the record is damaged */
export function decodeJob(message: AsyncMessage, policy: QueuePolicy, now: number): StoredJob {
  const headers = (message.headers ?? {}) as Readonly<Record<string, unknown>>;
  const raw: unknown = message.body;
  const body = bytesOf(raw);
  const record = headers[RECORD];
  if (typeof record === 'string') return restore(message, record, body.toString());
  const payloadBytes = headers[PAYLOAD_BYTES];
  if (typeof payloadBytes === 'number') {
    const text = body.toString('utf8', payloadBytes);
    return restore(message, text, body.toString('utf8', 0, payloadBytes));
  }
  return adopt(message, headers, body.toString(), policy, now);
}

/** Whether a message says when its job was accepted. */
export function tellsTime({ headers, timestamp }: AsyncMessage): boolean {
  return (
    headers?.[RECORD] !== undefined ||
    headers?.[PAYLOAD_BYTES] !== undefined ||
    timestamp !== undefined
  );
}

function restore({ messageId }: AsyncMessage, record: string, payload: string): StoredJob {
  const told = JSON.parse(record) as JobRecord;
  return {
    id: messageId ?? '',
    queue: told.queue,
    functionId: told.functionId,
    payload,
    group: told.group ?? null,
    priority: told.priority ?? 0,
    enqueuedAt: told.enqueuedAt,
    dueAt: told.dueAt,
    expiresAt: told.expiresAt ?? null,
    overrides: told.overrides ?? {},
    traceparent: told.traceparent ?? null,
    baggage: told.baggage ?? null,
    metadata: told.metadata ?? null,
    seq: told.seq,
    attempts: told.attempts ?? 0,
    interruptions: told.interruptions ?? 0,
    epoch: told.epoch ?? 0,
    history: told.history ?? [],
    failure: told.failure ?? null,
    leasedAt: told.leasedAt ?? null,
    version: told.version ?? 0,
    deathOrder: told.deathOrder ?? 0,
  };
}

/** A job that another program published, as the original would have understood it. */
function adopt(
  message: AsyncMessage,
  headers: Readonly<Record<string, unknown>>,
  payload: string,
  policy: QueuePolicy,
  now: number,
): StoredJob {
  const functionId = headers['function_id'];
  if (typeof functionId !== 'string' || functionId === '') {
    throw new Error('the header function_id is missing');
  }
  JSON.parse(payload);
  const attempts = headers['x-attempt'];
  const job = {
    id: idOf(message.messageId, payload),
    queue: policy.name,
    functionId,
    payload,
    group: policy.groupField === null ? null : groupOf(payload, policy),
    priority: 0,
    enqueuedAt: message.timestamp === undefined ? now : message.timestamp * 1_000,
    dueAt: 0,
    expiresAt: policy.ttlMs === null ? null : now + policy.ttlMs,
    dedupKey: null,
    overrides: {},
    traceparent: textOf(headers['traceparent']),
    baggage: textOf(headers['baggage']),
    metadata: null,
  };
  return { ...newStored(job, 0), attempts: typeof attempts === 'number' ? attempts : 0 };
}

/** The same id each time the message is delivered. */
function idOf(messageId: string | undefined, payload: string): string {
  if (messageId !== undefined && UUID.test(messageId)) return messageId.toLowerCase();
  const hex = createHash('sha256')
    .update(messageId ?? payload)
    .digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

export function isUuid(id: string): boolean {
  return UUID.test(id);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
