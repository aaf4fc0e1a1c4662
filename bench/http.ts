import { fileURLToPath } from 'node:url';
import { cpus } from 'node:os';
import { readUsage, startChild } from './child.ts';
import { HTTP_QUEUE, startEngine } from './engine.ts';
import { HttpLoad } from './http-load.ts';
import { type Rate, startMeter } from './measure.ts';
import { median } from './start-up.ts';

/*
 * npm run bench -- --http [--repetitions 3]
 *
 * Requests per second of orders that are enqueued durably and answered with the receipt, beside a bare
 * `node:http` server that only answers: by a route with a queue, and by a route whose function, in a
 * worker, enqueues. Engine, worker, bare server and load are processes of their own. Nobody runs the
 * orders; at the end every answer must have its job.
 *
 * The cores that each process used say who was the limit: server, worker and load together cannot use
 * more than the machine has, and each of the three no more than one for its JavaScript.
 */

const CONNECTIONS = [32, 128] as const;
const WARM_UP_MS = 3_000;
const SETTLE_MS = 300;
const MEASURE_MS = 2_000;
const AIM = 0.3;

/** What is measured, with its path and how it is called. */
const ROUTES = {
  bare: { path: '/orders', title: 'bare node:http' },
  queue: { path: '/queue/orders', title: 'a route with a queue' },
  function: { path: '/orders', title: 'a route whose function enqueues' },
} as const;
type Name = keyof typeof ROUTES;
const NAMES = Object.keys(ROUTES) as readonly Name[];

interface HttpRate extends Rate {
  /** Cores that the worker behind the route used; `null` where the system does not tell. */
  readonly workerCores: number | null;
}

/** Measures, and prints the table and one line of JSON. Answers whether the aim was met. */
export async function runHttp(repetitions: number): Promise<boolean> {
  const start = (name: string, ...args: string[]) =>
    startChild(['--import', 'tsx', fileURLToPath(new URL(name, import.meta.url)), ...args]);
  const bare = await start('http-server.ts');
  const engine = await startEngine('file');
  const worker = await startChild([
    fileURLToPath(new URL('http-worker.mjs', import.meta.url)),
    engine.url,
    HTTP_QUEUE,
  ]);
  const ports = { [bare.pid]: Number(bare.ready['port']), [engine.pid]: engine.httpPort };
  const pidOf = (name: Name): number => (name === 'bare' ? bare.pid : engine.pid);
  const open = (name: Name, connections: number): Promise<HttpLoad> =>
    HttpLoad.open(ports[pidOf(name)] ?? 0, ROUTES[name].path, connections);
  const rates = new Map<string, HttpRate[]>();
  let answers = 0;
  const measure = async (name: Name, connections: number): Promise<HttpRate> => {
    const load = await open(name, connections);
    await load.run(SETTLE_MS);
    const before = load.answers;
    const meter = startMeter(pidOf(name));
    const worked = readUsage(worker.pid)?.cpuSeconds ?? Number.NaN;
    const startedAt = performance.now();
    await load.run(MEASURE_MS);
    const seconds = (performance.now() - startedAt) / 1_000;
    const workerCores = ((readUsage(worker.pid)?.cpuSeconds ?? Number.NaN) - worked) / seconds;
    const rate = {
      ...meter(load.answers - before),
      workerCores: Number.isNaN(workerCores) ? null : workerCores,
    };
    if (name !== 'bare') answers += load.answers;
    load.close();
    return rate;
  };
  for (const name of NAMES) {
    const load = await open(name, CONNECTIONS[0]);
    await load.run(WARM_UP_MS);
    if (name !== 'bare') answers += load.answers;
    load.close();
  }
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    process.stderr.write(`repetition ${repetition} of ${repetitions}\n`);
    for (const connections of CONNECTIONS) {
      for (const name of NAMES) {
        const key = `${name} ${connections}`;
        rates.set(key, [...(rates.get(key) ?? []), await measure(name, connections)]);
      }
    }
  }
  const { totals } = await engine.queue(HTTP_QUEUE);
  await Promise.all([worker.stop(), bare.stop()]);
  await engine.stop();
  if (totals.enqueued !== answers) {
    throw new Error(`${answers} orders were answered, and ${totals.enqueued} are there`);
  }
  return print(rates);
}

function print(rates: ReadonlyMap<string, readonly HttpRate[]>): boolean {
  const rows = [...rates].map(([name, all]) => {
    const each = all.map(({ perSecond }) => perSecond);
    const coresOf = (used: (rate: HttpRate) => number | null): string =>
      median(all.map((rate) => used(rate) ?? Number.NaN)).toFixed(2);
    const server = coresOf(({ engineCores }) => engineCores);
    const worker = coresOf(({ workerCores }) => workerCores);
    const load = coresOf(({ loadCores }) => loadCores);
    const range = `${Math.min(...each).toFixed(0)} – ${Math.max(...each).toFixed(0)}`;
    return `${name.padEnd(12)} ${median(each).toFixed(0).padStart(7)}/s  (${range})  cores: server ${server}, worker ${worker}, load ${load} of ${cpus().length}`;
  });
  const ratios = (['queue', 'function'] as const).flatMap((name) =>
    CONNECTIONS.map((connections) => {
      // those of a repetition were measured one right after the other, on the same machine
      const bare = rates.get(`bare ${connections}`) ?? [];
      const orders = rates.get(`${name} ${connections}`) ?? [];
      const ratio = median(orders.map((rate, n) => rate.perSecond / (bare[n]?.perSecond ?? NaN)));
      return { name, connections, ratio: Number(ratio.toFixed(3)) };
    }),
  );
  const isMet = ratios.some(({ ratio }) => ratio >= AIM);
  process.stdout.write(
    [
      ...rows,
      '',
      ...ratios.map(
        ({ name, connections, ratio }) =>
          `POST of orders, ${ROUTES[name].title}, ÷ ${ROUTES.bare.title}, ${connections} connections: ${ratio} (aim ${AIM})`,
      ),
      JSON.stringify({ ratios, rates: Object.fromEntries(rates) }),
      '',
    ].join('\n'),
  );
  return isMet;
}
