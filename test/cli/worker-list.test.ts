import { afterEach, expect, it } from 'vitest';
import type { WorkerView } from '../../src/admin/contract.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { till as quietTill } from '../support/list-answers.ts';
import { runCli, type CliOptions } from '../support/run-cli.ts';
import { NOW } from '../support/samples.ts';

let engine: FakeEngine | undefined;

afterEach(async () => {
  await engine?.stop();
  engine = undefined;
});

const till: WorkerView = {
  ...quietTill,
  gauges: {
    rssBytes: 73_400_320,
    heapUsedBytes: 20_971_520,
    heapTotalBytes: 31_457_280,
    externalBytes: null,
    cpuPercent: 12.345,
    cpuUserMicros: 1_000,
    cpuSystemMicros: 500,
    eventLoopLagMs: 0.25,
    uptimeSeconds: 90,
  },
};
/** Its SDK sends no telemetry. */
const quiet: WorkerView = {
  ...till,
  id: '9c9d0f8e-0000-4000-8000-000000000002',
  name: 'mail-worker-with-a-rather-long-name',
  runtime: 'python',
  gauges: null,
};

async function list(argv: readonly string[], options: CliOptions = {}) {
  engine ??= await FakeEngine.start({ 'iii::worker::list': () => ({ workers: [till, quiet] }) });
  const clock = new ManualClock(NOW);
  return runCli(['worker', 'list', ...argv], { url: engine.url, clock, ...options });
}

it.each([40, 80, 200])('workers with their CPU and memory fit into %i columns', async (columns) => {
  const { status, stdout } = await list(['--color', 'never'], { columns });
  expect(status).toBe(0);
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
  await expect(stdout).toMatchFileSnapshot(`golden/worker-list-${columns}.txt`);
});

it('CPU and memory are shown where there is room, and left empty where nothing is known', async () => {
  const { stdout } = await list(['--color', 'never'], { columns: 200 });
  const [titles = '', ...rows] = stdout.split('\n');
  expect(titles).toMatch(/CPU +MEMORY/);
  expect(rows.find((row) => row.includes('till'))).toMatch(/12\.3% +70\.0 MiB/);
  expect(rows.find((row) => row.includes('mail-worker'))).not.toMatch(/%|MiB|null/);
});

it('the gauges are in JSON as they came, and null where a worker sent none', async () => {
  const { stdout } = await list(['-o', 'json']);
  const workers = JSON.parse(stdout) as readonly WorkerView[];
  expect(workers.map(({ gauges }) => gauges)).toEqual([till.gauges, null]);
});
