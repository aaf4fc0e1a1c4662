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
 * Requests per second of `POST /orders`, whose worker enqueues the order durably and answers with the
 * receipt, beside a bare `node:http` server that only answers. Engine, worker, bare server and load are
 * processes of their own. Nobody runs the orders; at the end every answer must have its job.
 *
 * The cores that each process used say who was the limit: server, worker and load together cannot use
 * more than the machine has, and each of the three no more than one for its JavaScript.
 */

const CONNECTIONS = [32, 128] as const;
const WARM_UP_MS = 3_000;
const SETTLE_MS = 300;
const MEASURE_MS = 2_000;
const AIM = 0.3;

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
  const servers = {
    bare: { port: Number(bare.ready['port']), pid: bare.pid },
    orders: { port: engine.httpPort, pid: engine.pid },
  };
  const rates = new Map<string, HttpRate[]>();
  let answers = 0;
  const measure = async (name: keyof typeof servers, connections: number): Promise<HttpRate> => {
    const load = await HttpLoad.open(servers[name].port, connections);
    await load.run(SETTLE_MS);
    const before = load.answers;
    const meter = startMeter(servers[name].pid);
    const worked = readUsage(worker.pid)?.cpuSeconds ?? Number.NaN;
    const startedAt = performance.now();
    await load.run(MEASURE_MS);
    const seconds = (performance.now() - startedAt) / 1_000;
    const workerCores = ((readUsage(worker.pid)?.cpuSeconds ?? Number.NaN) - worked) / seconds;
    const rate = {
      ...meter(load.answers - before),
      workerCores: Number.isNaN(workerCores) ? null : workerCores,
    };
    if (name === 'orders') answers += load.answers;
    load.close();
    return rate;
  };
  for (const { port } of Object.values(servers)) {
    const load = await HttpLoad.open(port, CONNECTIONS[0]);
    await load.run(WARM_UP_MS);
    if (port === servers.orders.port) answers += load.answers;
    load.close();
  }
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    process.stderr.write(`repetition ${repetition} of ${repetitions}\n`);
    for (const connections of CONNECTIONS) {
      for (const name of ['bare', 'orders'] as const) {
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
  const ratios = CONNECTIONS.map((connections) => {
    // each pair was measured one right after the other, so that both had the same machine
    const bare = rates.get(`bare ${connections}`) ?? [];
    const orders = rates.get(`orders ${connections}`) ?? [];
    const ratio = median(orders.map((rate, n) => rate.perSecond / (bare[n]?.perSecond ?? NaN)));
    return { connections, ratio: Number(ratio.toFixed(3)) };
  });
  const isMet = ratios.some(({ ratio }) => ratio >= AIM);
  process.stdout.write(
    [
      ...rows,
      '',
      ...ratios.map(
        ({ connections, ratio }) =>
          `POST /orders ÷ bare node:http, ${connections} connections: ${ratio} (aim ${AIM})`,
      ),
      JSON.stringify({ ratios, rates: Object.fromEntries(rates) }),
      '',
    ].join('\n'),
  );
  return isMet;
}
