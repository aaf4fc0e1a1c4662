import { mkdirSync } from 'node:fs';
import { ROW } from '../src/queue/row-state.ts';
import type { JobError, NewJob } from '../src/queue/types.ts';
import { encodeJob } from '../src/stores/file/job-record.ts';
import { LmdbRecords } from '../src/stores/file/lmdb-records.ts';
import { encodeQueue } from '../src/stores/file/queue-record.ts';
import { encodeState, type Past } from '../src/stores/file/state-record.ts';
import { writeFormat } from '../src/stores/file/store-folder.ts';
import { WriteBatch } from '../src/stores/file/write-batch.ts';
import { makePayload } from './load.ts';

const BATCH = 10_000;

/**
 * Writes a store with dead jobs only, each after one failed attempt. Straight into the records: to let
 * an engine fail a million jobs takes longer than everything that is measured with them.
 * @param errorOf what each died of, by its place
 */
export async function writeDeadStore(
  folder: string,
  queue: string,
  jobs: number,
  errorOf: (seq: number) => JobError = () => ERROR,
): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const records = new LmdbRecords(folder, 'write');
  const batch = new WriteBatch();
  for (let seq = 1; seq <= jobs; seq++) {
    encodeJob(batch.begin('jobs', seq), jobOf(queue, seq), seq);
    const past = pastOf(errorOf(seq));
    encodeState(batch.begin('states', seq), { seq, ...DEAD, past, order: seq });
    if (seq % BATCH !== 0 && seq !== jobs) continue;
    await records.commit(batch);
    batch.reset();
  }
  const totals = { enqueued: jobs, completed: 0, failed: jobs, dead: jobs };
  encodeQueue(batch.begin('queues', queue), {
    name: queue,
    paused: false,
    totals: { ...totals, redriven: 0, discarded: 0 },
    nextSeq: jobs + 1,
    nextDeathOrder: jobs + 1,
  });
  await records.commit(batch);
  await records.close();
  writeFormat(folder);
}

const ERROR = { code: 'boom', message: 'it went wrong' };
const DIED_AT = Date.UTC(2026, 0, 1);

const DEAD = {
  state: ROW.dead,
  attempts: 1,
  interruptions: 0,
  epoch: 1,
  dueAt: DIED_AT,
  stampAt: DIED_AT,
};

function pastOf(error: JobError): Past {
  const attempt = { attempt: 1, startedAt: DIED_AT, endedAt: DIED_AT, worker: 'bench' };
  return {
    history: [{ ...attempt, outcome: 'failed', error }],
    failure: { reason: 'exhausted', failedAt: DIED_AT, error },
    expiryLifted: false,
  };
}

function jobOf(queue: string, seq: number): NewJob {
  return {
    id: `00000000-0000-4000-8000-${String(seq).padStart(12, '0')}`,
    queue,
    functionId: 'bench::noop',
    payload: makePayload(seq),
    group: null,
    priority: 0,
    enqueuedAt: DIED_AT,
    dueAt: DIED_AT,
    expiresAt: null,
    dedupKey: null,
    overrides: {},
    traceparent: null,
    baggage: null,
    metadata: null,
  };
}
