import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BulkInput } from '../src/admin/bulk-contract.ts';
import { readUsage } from './child.ts';
import { writeDeadStore } from './dead-store.ts';
import { type BenchEngine, queueFor, startEngineIn, storeIn } from './engine.ts';
import { Figures } from './figures.ts';
import { median } from './start-up.ts';

/*
 * npm run bench -- --where [--jobs 1000000]: how fast the engine looks through the dead jobs of a file
 * store, by what kind of selector, and how long its event loop is away meanwhile.
 */

const QUEUE = queueFor(100);
const REPETITIONS = 3;
const AIMS = { perSecond: 200_000, stallMs: 20 } as const;
/** Every so many jobs one is what a selector looks for. */
const RARE = 1_000;
const TIMEOUT_MS = 600_000;

const CAUSES = ['card declined', 'bank did not answer', 'no such account', 'limit reached'];

type Selector = Pick<BulkInput, 'where' | 'cluster'>;

/** Measures and prints. Answers whether every aim was met. */
export async function runWhere(jobs: number): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'iii-bench-'));
  const figures = new Figures();
  try {
    await writeDeadStore(storeIn(folder), QUEUE, jobs, (seq) => ({
      code: seq % RARE === 0 ? 'rare' : 'boom',
      // no two are the same text: what is particular has to be taken out of each
      message: `${CAUSES[seq % CAUSES.length] ?? ''} for order ${seq} of 'customer-${seq % 977}' (0x${seq.toString(16)}) at /srv/pay/charge.ts:${seq % 300}`,
    }));
    const engine = await startEngineIn(folder, 'file');
    const { clusters } = await engine.client.call(
      'iii::dlq::errors',
      { queue: QUEUE },
      { timeoutMs: TIMEOUT_MS },
    );
    const selectors: readonly (readonly [string, Selector, number])[] = [
      ['attempts>3', { where: 'attempts>3' }, 0],
      ['function~"noo" and age<1s', { where: 'function~"noo" and age<1s' }, 0],
      ['payload path', { where: 'payload.seq=7' }, 1],
      ['error~"such rare"', { where: 'error~"such rare"' }, 0],
      ['error.code', { where: 'error.code=rare' }, Math.floor(jobs / RARE)],
      ['cluster', { cluster: '0000000000' }, 0],
      ['error and payload', { where: 'error.code=rare and payload.seq=7' }, 0],
    ];
    for (const [title, selector, expected] of selectors) {
      await measure(engine, figures, jobs, title, async () => {
        const input = { action: 'redrive', queue: QUEUE, ...selector } as const;
        const plan = await engine.client.call('iii::bulk::plan', input, { timeoutMs: TIMEOUT_MS });
        if (plan.total !== expected) throw new Error(`${title} found ${plan.total} jobs`);
      });
    }
    await measure(engine, figures, jobs, 'dlq errors', async () => {
      const found = await engine.client.call(
        'iii::dlq::errors',
        { queue: QUEUE },
        { timeoutMs: TIMEOUT_MS },
      );
      if (found.clusters.length !== clusters.length) throw new Error('other clusters than before');
    });
    await engine.stop();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return figures.print();
}

async function measure(
  engine: BenchEngine,
  figures: Figures,
  jobs: number,
  title: string,
  look: () => Promise<void>,
): Promise<void> {
  const perSecond: number[] = [];
  const perCpuSecond: number[] = [];
  await look();
  await engine.loopDelay();
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const startedAt = performance.now();
    const before = readUsage(engine.pid)?.cpuSeconds ?? Number.NaN;
    await look();
    perSecond.push((jobs * 1_000) / (performance.now() - startedAt));
    perCpuSecond.push(jobs / ((readUsage(engine.pid)?.cpuSeconds ?? Number.NaN) - before));
  }
  const delay = await engine.loopDelay();
  const aim = { kind: 'least', value: AIMS.perSecond } as const;
  figures.note(title, median(perSecond), 'jobs/s');
  figures.note('for each second of its CPU', median(perCpuSecond), 'jobs/s', aim);
  figures.note('event loop away, at most', delay.longestMs, 'ms');
  figures.note('of that, at most at work', delay.longestBusyMs, 'ms', {
    kind: 'most',
    value: AIMS.stallMs,
  });
}
