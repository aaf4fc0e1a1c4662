import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ROW } from '../../../src/queue/row-state.ts';
import type { NewJob } from '../../../src/queue/types.ts';
import { decodeJob, decodePlacement, encodeJob } from '../../../src/stores/file/job-record.ts';
import { decodeQueue, encodeQueue } from '../../../src/stores/file/queue-record.ts';
import { RecordWriter } from '../../../src/stores/file/record-writer.ts';
import type { StoredState } from '../../../src/stores/file/state-record.ts';
import { decodeState, encodeState } from '../../../src/stores/file/state-record.ts';
import { WriteBatch } from '../../../src/stores/file/write-batch.ts';
import { recordOf } from '../../support/record-of.ts';

/** Any string a program can hold, halves of pairs included. */
const text = fc.string({ unit: 'binary' });
const anyText = fc.oneof(
  text,
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);
const maybe = fc.option(anyText);
const time = fc.integer({ min: 0, max: 2 ** 45 });

const anyJob: fc.Arbitrary<NewJob> = fc.record({
  id: fc.uuid(),
  queue: anyText,
  functionId: anyText,
  payload: fc.oneof(
    anyText,
    fc.nat({ max: 50_000 }).map((length) => 'ü'.repeat(length)),
  ),
  group: maybe,
  priority: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  enqueuedAt: time,
  dueAt: time,
  expiresAt: fc.option(time),
  dedupKey: maybe,
  overrides: fc.record(
    { maxAttempts: fc.nat(), backoffMs: fc.nat(), timeoutMs: fc.nat() },
    { requiredKeys: [] },
  ),
  traceparent: maybe,
  baggage: maybe,
  metadata: maybe,
});

const anyState: fc.Arbitrary<StoredState> = fc.record({
  seq: fc.nat(),
  state: fc.constantFrom(ROW.waiting, ROW.inFlight, ROW.dead, ROW.completed, ROW.discarded),
  attempts: fc.nat(),
  interruptions: fc.nat(),
  epoch: fc.nat(),
  dueAt: time,
  stampAt: time,
  order: fc.nat(),
  past: fc.record({
    history: fc.array(
      fc.record({
        attempt: fc.nat(),
        startedAt: time,
        endedAt: time,
        worker: text,
        outcome: fc.constantFrom('failed' as const, 'timeout' as const),
        error: fc.option(fc.record({ code: text, message: anyText })),
      }),
    ),
    failure: fc.option(
      fc.record({
        reason: fc.constantFrom('exhausted' as const, 'expired' as const),
        failedAt: time,
        error: fc.record({ code: text, message: anyText }),
      }),
    ),
    expiryLifted: fc.boolean(),
  }),
});

const SAMPLE: NewJob = {
  id: 'c0ffee00-0000-4000-8000-000000000001',
  queue: 'payments',
  functionId: 'orders::pay',
  payload: '{"amount":1.0,"__proto__":9007199254740993}',
  group: '"eu"',
  priority: 0,
  enqueuedAt: 1_700_000_000_000,
  dueAt: 1_700_000_000_000,
  expiresAt: null,
  dedupKey: null,
  overrides: {},
  traceparent: null,
  baggage: null,
  metadata: null,
};

describe('a record', () => {
  it('gives a job back exactly as it was, whatever characters are in it', () => {
    const writer = new RecordWriter();
    fc.assert(
      fc.property(anyJob, fc.nat(), (job, seq) => {
        writer.reset();
        const length = encodeJob(writer, job, seq);
        const bytes = writer.record;
        expect(bytes).toHaveLength(length);
        expect(decodeJob(bytes)).toEqual({ seq, job });
        expect(decodePlacement(bytes)).toMatchObject({ seq, id: job.id, group: job.group });
      }),
    );
  });

  it('gives a state back exactly as it was', () => {
    const writer = new RecordWriter();
    fc.assert(
      fc.property(anyState, (state) => {
        writer.reset();
        encodeState(writer, state);
        expect(decodeState(writer.record)).toEqual(state);
      }),
    );
  });

  it('does not change when the next ones are written', () => {
    const batch = new WriteBatch();
    const payload = 'x'.repeat(300_000);
    for (let seq = 0; seq < 8; seq++) {
      const job = { ...SAMPLE, payload: payload + String(seq) };
      encodeJob(batch.begin('jobs', seq), job, seq);
    }
    const lastCharacters: unknown[] = [];
    batch.forEach((_, __, value) => {
      lastCharacters.push(value === null ? null : decodeJob(value)?.job.payload.slice(-1));
    });
    expect(lastCharacters.join('')).toBe('01234567');
  });

  it('is refused with any single bit changed', () => {
    const job = recordOf((writer) => encodeJob(writer, SAMPLE, 7));
    const [state] = fc.sample(anyState, { seed: 1, numRuns: 1 });
    const decoders = [
      [job, decodeJob],
      [job, decodePlacement],
      [recordOf((writer) => encodeState(writer, state!)), decodeState],
      [
        recordOf((writer) =>
          encodeQueue(writer, {
            name: 'payments',
            paused: true,
            totals: { enqueued: 1, completed: 2, failed: 3, dead: 4, redriven: 5, discarded: 6 },
            nextSeq: 7,
            nextDeathOrder: 8,
          }),
        ),
        decodeQueue,
      ],
    ] as const;
    for (const [bytes, decode] of decoders) {
      expect(decode(bytes)).not.toBeNull();
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const damaged = Buffer.from(bytes);
        damaged[bit >>> 3]! ^= 1 << (bit & 7);
        expect(decode(damaged)).toBeNull();
      }
    }
  });

  it('is refused when it is cut off or empty', () => {
    const bytes = recordOf((writer) => encodeJob(writer, SAMPLE, 7));
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeJob(bytes.subarray(0, length))).toBeNull();
    }
  });
});
