import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readUsage } from './child.ts';
import { writeDeadStore } from './dead-store.ts';
import { type BenchEngine, type LoopDelay, queueFor, startEngineIn, storeIn } from './engine.ts';
import { type Figure, Figures } from './figures.ts';
import { Producer, Worker } from './load.ts';
import { median } from './start-up.ts';

/*
 * npm run bench -- --depth [--jobs 1000000]: the file store with many jobs in it. What one more waiting
 * job costs, how long a start takes, how fast the engine is beside one with few jobs, how long a page of
 * a list takes, and how long the event loop is away meanwhile.
 */

const OUTSTANDING = 100;
const LOAD_OUTSTANDING = 1_000;
const QUEUE = queueFor(OUTSTANDING);
const FEW_JOBS = 1_000;
const WARM_UP_JOBS = 5_000;
const REPETITIONS = 3;
const SPEED_MS = 2_000;
const SETTLE_MS = 2_000;
const PAGE_JOBS = 50;
const PAGES = 10;
const BYTES_PER_MIB = 1024 * 1024;

const AIMS = { bytes: 300, startMs: 5_000, pageMs: 50, speed: 0.8, stallMs: 50 } as const;

interface Speed {
  readonly enqueued: number;
  readonly ran: number;
  /** Microseconds of the engine's CPU for each enqueue, and for each job enqueued and run. */
  readonly enqueueCpu: number;
  readonly jobCpu: number;
}

/** Measures and prints. Answers whether every aim was met. */
export async function runDepth(jobs: number): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'iii-bench-'));
  const figures = new Figures();
  const note: Figures['note'] = (...figure) => {
    figures.note(...figure);
  };
  const most = (value: number): Figure['aim'] => ({ kind: 'most', value });
  const noteStall = (when: string, delay: LoopDelay): void => {
    note(`event loop away ${when}, at most`, delay.longestMs, 'ms');
    note(`of that, at most at work`, delay.longestBusyMs, 'ms', most(AIMS.stallMs));
  };
  try {
    const few = await startEngineIn(join(folder, 'few'), 'file');
    const idleStartMs = few.startMs;
    await settle();
    const idle = usageOf(few);
    const deep = await startEngineIn(join(folder, 'deep'), 'file');
    await enqueue(deep, WARM_UP_JOBS);
    await deep.loopDelay();
    const loadSeconds = await enqueue(deep, jobs);
    noteStall(`while ${jobs} jobs come in`, await deep.loopDelay());
    note('enqueue, durable, while they come in', jobs / loadSeconds, '/s');
    await settle();
    const perJob = (mib: number): number => (mib * BYTES_PER_MIB) / jobs;
    note(
      'RSS of a waiting job, just accepted',
      perJob(usageOf(deep).residentMiB - idle.residentMiB),
      'bytes',
    );
    note('of that, not the mapped file', perJob(usageOf(deep).ownMiB - idle.ownMiB), 'bytes');
    await deep.stop();

    const again = await startEngineIn(join(folder, 'deep'), 'file');
    const startCpu = usageOf(again).cpuSeconds;
    note('start', again.startMs, 'ms', most(AIMS.startMs));
    note('start, CPU', startCpu * 1_000, 'ms');
    note('start without jobs', idleStartMs, 'ms');
    await again.loopDelay();
    await settle();
    noteStall('after that start', await again.loopDelay());
    const resident = usageOf(again);
    note(
      'RSS of a waiting job, after the start',
      perJob(resident.residentMiB - idle.residentMiB),
      'bytes',
      most(AIMS.bytes),
    );
    note('of that, not the mapped file', perJob(resident.ownMiB - idle.ownMiB), 'bytes');
    await notePages(again, 'iii::job::list', note);

    await enqueue(few, FEW_JOBS);
    const fewSpeeds: Speed[] = [];
    const deepSpeeds: Speed[] = [];
    for (let repetition = 0; repetition <= REPETITIONS; repetition++) {
      const speeds = [await speedOf(few), await speedOf(again)] as const;
      if (repetition === 0) await again.loopDelay();
      else {
        fewSpeeds.push(speeds[0]);
        deepSpeeds.push(speeds[1]);
      }
    }
    noteStall(`at work on ${jobs} jobs`, await again.loopDelay());
    const compare = (title: string, read: (speed: Speed) => number, isCost: boolean): void => {
      const [shallow, deepest] = [median(fewSpeeds.map(read)), median(deepSpeeds.map(read))];
      const unit = isCost ? 'µs of CPU' : '/s';
      note(`${title}, ${FEW_JOBS} waiting`, shallow, unit);
      note(`${title}, ${jobs} waiting`, deepest, unit);
      const ratio = isCost ? shallow / deepest : deepest / shallow;
      note('that is', ratio, '×', { kind: 'least', value: AIMS.speed });
    };
    compare('enqueue', (speed) => speed.enqueued, false);
    compare('enqueue', (speed) => speed.enqueueCpu, true);
    compare('enqueue and run', (speed) => speed.ran, false);
    compare('enqueue and run', (speed) => speed.jobCpu, true);
    await few.stop();
    await again.stop();

    await writeDeadStore(storeIn(join(folder, 'dead')), QUEUE, jobs);
    const dead = await startEngineIn(join(folder, 'dead'), 'file');
    note('start with dead jobs', dead.startMs, 'ms', most(AIMS.startMs));
    await notePages(dead, 'iii::dlq::list', note);
    await dead.stop();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return figures.print();
}

/** Fills the queue. Answers the seconds that took. */
async function enqueue(engine: BenchEngine, jobs: number): Promise<number> {
  const producer = await Producer.open(engine.url, QUEUE);
  const startedAt = performance.now();
  await producer.sendAll(jobs, LOAD_OUTSTANDING);
  const seconds = (performance.now() - startedAt) / 1_000;
  await producer.close();
  return seconds;
}

async function speedOf(engine: BenchEngine): Promise<Speed> {
  const producer = await Producer.open(engine.url, QUEUE);
  const enqueueing = startMeter(engine);
  await producer.run(OUTSTANDING, SPEED_MS);
  const enqueued = enqueueing(producer.receipts);
  const worker = await Worker.open(engine.url);
  const before = producer.receipts;
  const running = startMeter(engine);
  await producer.run(OUTSTANDING, SPEED_MS);
  const ran = running(Math.min(worker.done, producer.receipts - before));
  const both = running(worker.done + producer.receipts - before);
  await Promise.all([producer.close(), worker.close()]);
  return {
    enqueued: enqueued.perSecond,
    ran: ran.perSecond,
    enqueueCpu: enqueued.cpuMicroseconds,
    jobCpu: both.cpuMicroseconds * 2,
  };
}

function startMeter(engine: BenchEngine) {
  const startedAt = performance.now();
  const before = usageOf(engine);
  return (count: number) => ({
    perSecond: (count * 1_000) / (performance.now() - startedAt),
    cpuMicroseconds: ((usageOf(engine).cpuSeconds - before.cpuSeconds) * 1e6) / count,
  });
}

/** The first pages of a list, and those after a cursor near its end. */
async function notePages(
  engine: BenchEngine,
  list: 'iii::dlq::list' | 'iii::job::list',
  note: Figures['note'],
): Promise<void> {
  const times: number[] = [];
  let cursor: string | undefined;
  await engine.loopDelay();
  for (let page = 0; page < PAGES; page++) {
    const startedAt = performance.now();
    const input = { queue: QUEUE, limit: PAGE_JOBS, ...(cursor === undefined ? {} : { cursor }) };
    const answer = await engine.client.call(list, input);
    times.push(performance.now() - startedAt);
    if (answer.jobs.length !== PAGE_JOBS)
      throw new Error(`${list} gave ${answer.jobs.length} jobs`);
    cursor = answer.nextCursor ?? undefined;
  }
  const aim = { kind: 'most', value: AIMS.pageMs } as const;
  note(`${list}, first page of ${PAGE_JOBS}`, times[0] ?? Number.NaN, 'ms', aim);
  note(`${list}, median of ${PAGES} pages`, median(times), 'ms', aim);
  note(`${list}, slowest of them`, Math.max(...times), 'ms', aim);
  note(
    'event loop at work for a page, at most',
    (await engine.loopDelay()).longestBusyMs,
    'ms',
    aim,
  );
}

function usageOf({ pid }: BenchEngine) {
  const usage = readUsage(pid);
  if (usage === null) throw new Error('this system does not tell what a process uses');
  return usage;
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
