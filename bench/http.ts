import { fileURLToPath } from 'node:url';
import { startChild } from './child.ts';
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
 */

const CONNECTIONS = [32, 128] as const;
const WARM_UP_MS = 3_000;
const SETTLE_MS = 300;
const MEASURE_MS = 2_000;
const AIM = 0.3;

/** Measures, and prints the table and one line of JSON. Answers whether the aim was met. */
export async function runHttp(repetitions: number): Promise<boolean> {
  const start = (name: string, ...args: string[]) =>
    startChild(['--import', 'tsx', fileURLToPath(new URL(name, import.meta.url)), ...args]);
  const bare = await start('http-server.ts');
  const engine = await startEngine('file');
  const worker = await start('http-worker.ts', engine.url);
  const servers = {
    bare: { port: Number(bare.ready['port']), pid: bare.pid },
    orders: { port: engine.httpPort, pid: engine.pid },
  };
  const rates = new Map<string, Rate[]>();
  let answers = 0;
  const measure = async (name: keyof typeof servers, connections: number): Promise<Rate> => {
    const load = await HttpLoad.open(servers[name].port, connections);
    await load.run(SETTLE_MS);
    const before = load.answers;
    const meter = startMeter(servers[name].pid);
    await load.run(MEASURE_MS);
    const rate = meter(load.answers - before);
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

function print(rates: ReadonlyMap<string, readonly Rate[]>): boolean {
  const rows = [...rates].map(([name, all]) => {
    const each = all.map(({ perSecond }) => perSecond);
    const cores = median(all.map(({ engineCores }) => engineCores ?? Number.NaN));
    const range = `${Math.min(...each).toFixed(0)} – ${Math.max(...each).toFixed(0)}`;
    return `${name.padEnd(12)} ${median(each).toFixed(0).padStart(7)}/s  (${range})  ${cores.toFixed(2)} cores`;
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
