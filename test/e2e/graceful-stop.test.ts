import { afterEach, describe, expect, it } from 'vitest';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess, temporaryFolder } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import type { Frame } from '../support/raw-client.ts';
import { RawClient } from '../support/raw-client.ts';

const IN_FLIGHT = 200;
const WAITING = 50;
const GRACE_MS = 3_000;
/** Longer than an engine needs that does not wait. */
const LONG_GRACE_MS = 10_000;
const STOP_MARGIN_MS = 2_000;
const config = engineConfig({ pay: { concurrency: IN_FLIGHT, max_retries: 1 } });

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startOn(store: string, graceMs = GRACE_MS): Promise<EngineProcess> {
  const engine = await EngineProcess.start({
    config,
    args: ['--store', store, '--grace', `${graceMs}ms`],
  });
  closing.push(() => engine.close());
  return engine;
}

function newStore(): string {
  const folder = temporaryFolder();
  closing.push(() => {
    folder.remove();
  });
  return `${folder.path}/store`;
}

/** An engine whose worker holds as many attempts as there may be, with more jobs behind them. */
async function busyEngine(store: string, graceMs: number) {
  const engine = await startOn(store, graceMs);
  const worker = await RawClient.connect(engine.url);
  worker.offer('work');
  const ids = await Promise.all(
    Array.from({ length: IN_FLIGHT + WAITING }, (_, n) =>
      worker.accepted('pay', 'work', String(n)),
    ),
  );
  await eventually(() => worker.deliveries('work').length === IN_FLIGHT);
  return { engine, worker, ids };
}

function jobOf(delivery: Frame): { readonly id: string; readonly attempt: number } {
  return (delivery['metadata'] as { 'iii.job': { id: string; attempt: number } })['iii.job'];
}

/** Starts the next engine, and finishes all there is; answers what it delivered. */
async function finishOn(store: string, expected: number) {
  const engine = await startOn(store);
  const worker = await RawClient.connect(engine.url);
  const before = await worker.call('iii::queue::get', { queue: 'pay' });
  worker.offer('work', () => ({}));
  await eventually(() => worker.deliveries('work').length >= expected);
  const after = await eventually(async () => {
    const queue = await worker.call('iii::queue::get', { queue: 'pay' });
    return queue['inFlight'] === 0 && queue['waiting'] === 0 ? queue : undefined;
  });
  return { before, after, jobs: worker.deliveries('work').map(jobOf) };
}

describe('an engine with 200 attempts in flight that is told to stop', () => {
  it('waits for those that end in time, gives the rest back uncounted, and the next goes on', async () => {
    const store = newStore();
    const { engine, worker, ids } = await busyEngine(store, GRACE_MS);
    const finished = worker.deliveries('work').slice(0, IN_FLIGHT / 2);
    const begin = performance.now();
    engine.kill('SIGTERM');
    await eventually(() => engine.stderr.includes('Stopping'));
    for (const call of finished) worker.answer(call);
    expect(await engine.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - begin).toBeLessThan(GRACE_MS + STOP_MARGIN_MS);
    expect(worker.deliveries('work')).toHaveLength(IN_FLIGHT);

    const done = new Set(finished.map((call) => jobOf(call).id));
    const left = ids.filter((id) => !done.has(id));
    const { before, after, jobs } = await finishOn(store, left.length);
    expect(before).toMatchObject({
      ...{ waiting: left.length, inFlight: 0, delayed: 0, dead: 0 },
      totals: { enqueued: ids.length, completed: done.size, failed: 0 },
    });
    expect(jobs.map(({ id }) => id).sort()).toEqual(left.sort());
    expect(new Set(jobs.map(({ attempt }) => attempt))).toEqual(new Set([1]));
    expect(after).toMatchObject({ dead: 0, totals: { completed: ids.length, failed: 0 } });
  });

  it('ends at once on a second signal, and nothing is lost', async () => {
    const store = newStore();
    const { engine, ids } = await busyEngine(store, LONG_GRACE_MS);
    engine.kill('SIGTERM');
    await eventually(() => engine.stderr.includes('Stopping'));
    const begin = performance.now();
    expect(await engine.stop('SIGTERM')).toEqual({ code: 143, signal: null });
    expect(performance.now() - begin).toBeLessThan(LONG_GRACE_MS);
    expect(engine.stdout).not.toContain('stopped');

    const { after, jobs } = await finishOn(store, ids.length);
    expect(jobs.map(({ id }) => id).sort()).toEqual(ids.sort());
    expect(new Set(jobs.map(({ attempt }) => attempt))).toEqual(new Set([1]));
    expect(after).toMatchObject({
      dead: 0,
      totals: { enqueued: ids.length, completed: ids.length, failed: 0 },
    });
  });
});
