import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { QUEUE_DEFAULTS } from '../src/queue/limits.ts';
import { PAYLOAD_BYTES } from './load.ts';

/** What `shared.ts` asks for: a phase with so many jobs, and so many of them on the way at once. */
export interface PeerTask {
  readonly phase: 'enqueue' | 'process' | 'both';
  readonly jobs: number;
  readonly width: number;
}

/** Finished jobs that can still be looked up: as many as a queue of ours keeps. */
const KEPT = QUEUE_DEFAULTS.retainCompleted;

/*
 * A producer and a worker of BullMQ in one process, as an application has them. Prints one line when it is
 * ready, carries out each task it is sent, and answers the milliseconds that took.
 */
const url = String(process.argv[2]);
const connect = (): Redis => new Redis(url, { maxRetriesPerRequest: null });
const queue = new Queue('bench', {
  connection: connect(),
  defaultJobOptions: { removeOnComplete: { count: KEPT }, removeOnFail: true },
});
await queue.waitUntilReady();
const text = 'x'.repeat(PAYLOAD_BYTES - '{"text":""}'.length);

process.on('message', (task: string) => {
  void carryOut(JSON.parse(task) as PeerTask).then((elapsedMs) => process.send?.(elapsedMs));
});
console.log(JSON.stringify({ event: 'ready' }));

async function carryOut({ phase, jobs, width }: PeerTask): Promise<number> {
  const worker = phase === 'enqueue' ? undefined : await startWorker(width);
  const startedAt = performance.now();
  const done = worker === undefined ? Promise.resolve() : completed(worker, jobs);
  void worker?.run();
  if (phase !== 'process') await enqueue(jobs, width);
  await done;
  const elapsedMs = performance.now() - startedAt;
  await worker?.close();
  return elapsedMs;
}

async function startWorker(concurrency: number): Promise<Worker> {
  const run = (): Promise<null> => Promise.resolve(null);
  const worker = new Worker('bench', run, { connection: connect(), concurrency, autorun: false });
  await worker.waitUntilReady();
  return worker;
}

function completed(worker: Worker, jobs: number): Promise<void> {
  let done = 0;
  return new Promise((resolve) => {
    worker.on('completed', () => {
      if (++done === jobs) resolve();
    });
  });
}

async function enqueue(jobs: number, width: number): Promise<void> {
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (sent++ < jobs) await queue.add('job', { text });
  };
  await Promise.all(Array.from({ length: width }, lane));
}
