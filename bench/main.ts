import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startChild } from './child.ts';
import { runDepth } from './depth.ts';
import { type Disk, measureDisk } from './disk.ts';
import { OUTSTANDING, startEngine, type StoreKind } from './engine.ts';
import { runHttp } from './http.ts';
import {
  type Latency,
  measureEcho,
  measureEnqueue,
  measureJobs,
  measureLatency,
  measureSdk,
  type Rate,
  warmUp,
} from './measure.ts';
import { type Measured, printReport } from './report.ts';
import { runShared } from './shared.ts';
import { measureStartUp } from './start-up.ts';
import { runWhere } from './where.ts';

/*
 * npm run bench [-- --store file] [-- --repetitions 3]
 * npm run bench -- --store redis|rabbitmq              see shared.ts
 * npm run bench -- --http                              see http.ts
 * npm run bench -- --depth [--jobs 1000000]            see depth.ts
 * npm run bench -- --where [--jobs 1000000]            see where.ts
 *
 * The engine, the bare echo and this load generator are processes of their own; the first two stay up and
 * warm for the whole run. A durable store is measured beside the one in memory and the disk itself. What is compared is measured in turn, again and again, and reported by its
 * median, because the machine is rarely quiet.
 */

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'memory' },
    repetitions: { type: 'string', default: '3' },
    http: { type: 'boolean', default: false },
    depth: { type: 'boolean', default: false },
    where: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '1000000' },
  },
});
if (values.depth) process.exit((await runDepth(Number(values.jobs))) ? 0 : 1);
if (values.where) process.exit((await runWhere(Number(values.jobs))) ? 0 : 1);
if (values.http) process.exit((await runHttp(Number(values.repetitions))) ? 0 : 1);
if (values.store === 'redis' || values.store === 'rabbitmq') {
  process.exit((await runShared(values.store, Number(values.repetitions))) ? 0 : 1);
}
if (values.store !== 'memory' && values.store !== 'file') {
  throw new Error(`--store is memory, file, redis or rabbitmq, not ${values.store}`);
}
const store: StoreKind = values.store;
const repetitions = Number(values.repetitions);

const startedAt = performance.now();
const echo = await startChild([
  ...['--import', 'tsx'],
  fileURLToPath(new URL('echo-server.ts', import.meta.url)),
]);
const echoUrl = `ws://127.0.0.1:${String(echo.ready['port'])}`;

const engine = await startEngine(store);
await warmUp(engine);
// what durability costs is the distance to the same engine without a disk
const inMemory = store === 'memory' ? undefined : await startEngine('memory');
if (inMemory !== undefined) await warmUp(inMemory);

const rates = new Map<string, Rate[]>();
const latencies: Latency[] = [];
const disks: Disk[] = [];
const keep = (name: string, rate: Rate): void => {
  rates.set(name, [...(rates.get(name) ?? []), rate]);
};

for (let repetition = 1; repetition <= repetitions; repetition++) {
  process.stderr.write(`repetition ${repetition} of ${repetitions}\n`);
  for (const outstanding of OUTSTANDING) {
    keep(`echo ${outstanding}`, await measureEcho(`${echoUrl}/`, echo.pid, outstanding));
    keep(`echoJson ${outstanding}`, await measureEcho(`${echoUrl}/json`, echo.pid, outstanding));
    keep(`enqueue ${outstanding}`, await measureEnqueue(engine, outstanding));
    keep(`jobs ${outstanding}`, await measureJobs(engine, outstanding));
    if (inMemory === undefined) continue;
    keep(`memoryEnqueue ${outstanding}`, await measureEnqueue(inMemory, outstanding));
    keep(`memoryJobs ${outstanding}`, await measureJobs(inMemory, outstanding));
  }
  keep('sdk 100', await measureSdk(engine, 100));
  latencies.push(await measureLatency(engine));
  if (inMemory !== undefined) disks.push(measureDisk());
}
const askedAt = performance.now();
await engine.client.call('iii::queue::list', {});
const startUp = measureStartUp(engine.url, performance.now() - askedAt);
await engine.stop();
await inMemory?.stop();
await echo.stop();

const measured: Measured = {
  store,
  rates,
  latencies,
  disks,
  startUp,
  seconds: (performance.now() - startedAt) / 1_000,
};
process.exitCode = printReport(measured) ? 0 : 1;
