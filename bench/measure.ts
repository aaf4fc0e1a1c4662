import { readUsage } from './child.ts';
import { CorkedSocket } from './corked-socket.ts';
import { type BenchEngine, queueFor } from './engine.ts';
import { Worker, enqueueFrame, Producer } from './load.ts';

const WARM_UP_MS = 300;
const WARM_UP_JOBS = 60_000;
const WARM_UP_OUTSTANDING = 1_000;
const ECHO_MS = 800;
const ENQUEUE_MS = 1_000;
const JOBS_MS = 1_300;
export const OFFERED_PER_SECOND = 1_000;
const OFFER_MS = 2_500;

/** Work done per second, and what the measured process used meanwhile. */
export interface Rate {
  readonly perSecond: number;
  /** Cores the engine used; `null` where the system does not tell. */
  readonly engineCores: number | null;
  readonly engineMiB: number | null;
  /** Cores this process, the load, used: near 1 means that it was the limit. */
  readonly loadCores: number;
}

export interface Latency extends Rate {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Round trips per second of frames that only come back. */
export async function measureEcho(url: string, pid: number, outstanding: number): Promise<Rate> {
  const socket = await CorkedSocket.open(url);
  const echo = { sent: 0, received: 0, running: true };
  let allBack: (() => void) | undefined;
  const send = (): void => socket.send(enqueueFrame(echo.sent++, queueFor(outstanding)));
  const readsJson = url.endsWith('/json');
  socket.onText = (text) => {
    if (readsJson) JSON.parse(text);
    echo.received += 1;
    if (echo.running) send();
    else if (echo.received === echo.sent) allBack?.();
  };
  for (let count = 0; count < outstanding; count++) send();
  await sleep(WARM_UP_MS);
  const before = echo.received;
  const meter = startMeter(pid);
  await sleep(ECHO_MS);
  const rate = meter(echo.received - before);
  const done = new Promise<void>((resolve) => (allBack = resolve));
  echo.running = false;
  await done;
  await socket.close();
  return rate;
}

/** Runs enough jobs that every hot path of the engine is compiled, as in one that has been up for a while. */
export async function warmUp(engine: BenchEngine): Promise<void> {
  const worker = await Worker.open(engine.url);
  const producer = await Producer.open(engine.url, queueFor(WARM_UP_OUTSTANDING));
  while (producer.sent < WARM_UP_JOBS) await producer.run(WARM_UP_OUTSTANDING, WARM_UP_MS);
  await worker.reached(producer.sent);
  await Promise.all([producer.close(), worker.close()]);
}

/** Jobs accepted per second while nobody runs them; they are run afterwards. */
export async function measureEnqueue(engine: BenchEngine, outstanding: number): Promise<Rate> {
  const producer = await Producer.open(engine.url, queueFor(outstanding));
  await producer.run(outstanding, WARM_UP_MS);
  const before = producer.receipts;
  const meter = startMeter(engine.pid);
  await producer.run(outstanding, ENQUEUE_MS);
  const rate = meter(producer.receipts - before);
  const worker = await Worker.open(engine.url);
  await worker.reached(producer.sent);
  await Promise.all([producer.close(), worker.close()]);
  return rate;
}

/** Jobs enqueued and run to their end per second, both at once. The time includes the last job's end. */
export async function measureJobs(engine: BenchEngine, outstanding: number): Promise<Rate> {
  const worker = await Worker.open(engine.url);
  const producer = await Producer.open(engine.url, queueFor(outstanding));
  await producer.run(outstanding, WARM_UP_MS);
  await worker.reached(producer.sent);
  await allEnded(engine, outstanding);
  const before = worker.done;
  const meter = startMeter(engine.pid);
  await producer.run(outstanding, JOBS_MS);
  await worker.reached(producer.sent);
  await allEnded(engine, outstanding);
  const rate = meter(worker.done - before);
  await Promise.all([producer.close(), worker.close()]);
  return rate;
}

/** Time from just before the enqueue to the start of the function, at a fixed rate of offers. */
export async function measureLatency(engine: BenchEngine): Promise<Latency> {
  const worker = await Worker.open(engine.url);
  const producer = await Producer.open(engine.url, queueFor(100));
  await producer.run(10, WARM_UP_MS);
  await worker.reached(producer.sent);
  const before = producer.sent;
  const total = (OFFERED_PER_SECOND * OFFER_MS) / 1_000;
  const latenciesMs: number[] = [];
  worker.latenciesMs = latenciesMs;
  const meter = startMeter(engine.pid);
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) * OFFERED_PER_SECOND) / 1_000);
      while (producer.sent - before < Math.min(total, due)) producer.send();
      if (producer.sent - before < total) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  await producer.allReceived();
  await worker.reached(producer.sent);
  const rate = meter(total);
  await Promise.all([producer.close(), worker.close()]);
  latenciesMs.sort((a, b) => a - b);
  return { ...rate, p50Ms: quantile(latenciesMs, 0.5), p99Ms: quantile(latenciesMs, 0.99) };
}

/** Like `measureJobs`, with a published SDK on both ends; it writes every frame by itself. */
export async function measureSdk(engine: BenchEngine, outstanding: number): Promise<Rate> {
  const { registerWorker, TriggerAction } = await import('iii-sdk-0-11');
  // the SDK reports on the console, where our table is to stand
  for (const level of ['debug', 'log', 'info', 'warn'] as const) console[level] = () => undefined;
  const open = (workerName: string) =>
    registerWorker(engine.url, { workerName, otel: { enabled: false } });
  const worker = open('bench-worker');
  const producer = open('bench-producer');
  let done = 0;
  worker.registerFunction('bench::noop', async () => {
    done += 1;
    return null;
  });
  const action = TriggerAction.Enqueue({ queue: queueFor(outstanding) });
  const payload = { body: 'x'.repeat(288) };
  const runFor = async (ms: number): Promise<void> => {
    const until = performance.now() + ms;
    const lane = async (): Promise<void> => {
      while (performance.now() < until) {
        await producer.trigger({ function_id: 'bench::noop', payload, action });
      }
    };
    await Promise.all(Array.from({ length: outstanding }, lane));
    await allEnded(engine, outstanding);
  };
  await runFor(WARM_UP_MS);
  const before = done;
  const meter = startMeter(engine.pid);
  await runFor(JOBS_MS);
  const rate = meter(done - before);
  await Promise.all([producer.shutdown(), worker.shutdown()]);
  return rate;
}

/** Waits until the engine has recorded the end of every job it accepted. */
async function allEnded(engine: BenchEngine, outstanding: number): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const { totals } = await engine.queue(queueFor(outstanding));
    if (totals.completed === totals.enqueued) return;
    if (performance.now() > deadline) {
      throw new Error(`not every job completed: ${JSON.stringify(totals)}`);
    }
    await sleep(2);
  }
}

/** Starts to measure a process; the answer ends it and says how much was done meanwhile. */
export function startMeter(pid: number): (count: number) => Rate {
  const startedAt = performance.now();
  const before = readUsage(pid);
  const ownBefore = process.cpuUsage();
  return (count) => {
    const seconds = (performance.now() - startedAt) / 1_000;
    const after = readUsage(pid);
    const own = process.cpuUsage(ownBefore);
    return {
      perSecond: count / seconds,
      engineCores:
        before === null || after === null ? null : (after.cpuSeconds - before.cpuSeconds) / seconds,
      engineMiB: after?.residentMiB ?? null,
      loadCores: (own.user + own.system) / 1e6 / seconds,
    };
  };
}

/** The value below which a share of them lies; they come sorted. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
