import type { AsyncMessage } from 'rabbitmq-client';
import { describe, expect, it } from 'vitest';
import {
  decodeJob,
  encodeJob,
  newStored,
  type StoredJob,
} from '../../../src/stores/rabbitmq/job-message.ts';
import { newJob, policyOf } from '../../support/store-fixture.ts';

const NOW = Date.UTC(2026, 0, 1);
const ID = '00000000-0000-4000-8000-000000000001';
const policy = policyOf('q');

const fresh = newStored(newJob(ID, NOW, { queue: 'q' }), 17);
const error = { code: 'declined', message: 'the bank said no' };
/** A job of which nothing is as it usually is. */
const worn: StoredJob = {
  ...fresh,
  group: '"g"',
  priority: 3,
  dueAt: NOW + 5_000,
  expiresAt: NOW + 60_000,
  overrides: { backoffMs: 7 },
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  baggage: 'tenant=7',
  metadata: '{"from":"a test"}',
  attempts: 2,
  interruptions: 1,
  epoch: 4,
  history: [
    { attempt: 1, startedAt: NOW, endedAt: NOW + 10, worker: 'w', outcome: 'failed', error },
  ],
  failure: { reason: 'exhausted', failedAt: NOW + 20, error },
  leasedAt: NOW + 30,
  version: 5,
  deathOrder: 9,
};

/** What the broker hands out of what was published. */
function delivered({ envelope, body }: ReturnType<typeof encodeJob>): AsyncMessage {
  return { ...envelope, body } as unknown as AsyncMessage;
}

function recordOf(stored: StoredJob): Readonly<Record<string, unknown>> {
  const { headers } = encodeJob(stored).envelope;
  return JSON.parse(String(headers?.['x-iii'])) as Readonly<Record<string, unknown>>;
}

describe('a job as a message', () => {
  it.each([
    ['a new job', fresh],
    ['a job of which nothing is as it usually is', worn],
    ['a job with a long record', { ...worn, metadata: JSON.stringify('ü'.repeat(60_000)) }],
  ])('gives back %s', (_, stored) => {
    expect(decodeJob(delivered(encodeJob(stored)), policy, NOW)).toEqual(stored);
  });

  it('says of a new job only what it cannot do without', () => {
    expect(Object.keys(recordOf(fresh)).sort()).toEqual([
      ...['dueAt', 'enqueuedAt', 'functionId', 'queue', 'seq'],
    ]);
  });

  it('reads a record in which nothing is left out', () => {
    const { id, payload, ...rest } = fresh;
    const message = {
      messageId: id,
      headers: { 'x-iii': JSON.stringify(rest) },
      body: Buffer.from(payload),
    };
    expect(decodeJob(message as unknown as AsyncMessage, policy, NOW)).toEqual(fresh);
  });
});
