import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findRabbitMq, RabbitMqServer } from '../test/support/rabbitmq-server.ts';
import { redisMissing, RedisServer } from '../test/support/redis-server.ts';
import { BarePublisher } from './bare-publisher.ts';
import type { PeerTask } from './bullmq.ts';
import { type Child, startChild } from './child.ts';
import { Producer, Worker } from './load.ts';
import { type SharedEngine, startSharedEngine } from './shared-engine.ts';
import { median } from './start-up.ts';

/*
 * npm run bench -- --store redis|rabbitmq [--repetitions 3]
 *
 * One engine, three engines, and BullMQ, in turn on the same Redis, which syncs before it answers; RabbitMQ
 * confirms what a quorum queue has synced. Jobs are enqueued, then run, then both at once, with 100 and with
 * 10 of them on the way per engine, everybody warm and connected before the clock starts, and the last
 * 1 000 finished jobs kept. Beside RabbitMQ stands what its quorum queue takes from a producer without an engine.
 * Reported by the median; on a shared machine only ratios of one run mean anything. The load of the engines
 * and of that producer comes from this process, that of BullMQ from its own.
 */

export type SharedKind = 'redis' | 'rabbitmq';

const WIDTHS = [100, 10] as const;
const PHASES = ['enqueue', 'process', 'both'] as const;
/** Jobs of one measurement per job on the way. */
const JOBS_PER_WIDTH = { 100: 50, 10: 200 } as const;
const AIM = 1;
/** So many compile the hot paths of each, as in one that has been up for a while. */
const WARM_UP_JOBS = 30_000;

type Width = (typeof WIDTHS)[number];
type Phase = (typeof PHASES)[number];

interface System {
  readonly name: string;
  readonly phases: readonly Phase[];
  /** Milliseconds that a phase takes. */
  run(phase: Phase, jobs: number, width: Width): Promise<number>;
}

interface Measurement {
  readonly perSecond: number;
  /** Processor time of Redis per job. */
  readonly redisMicros: number;
}

/** Prints the comparison. Answers whether one engine reached the aim. */
export async function runShared(kind: SharedKind, repetitions: number): Promise<boolean> {
  if (redisMissing !== null) throw new Error(redisMissing);
  const redis = await RedisServer.start(['--appendonly', 'yes', '--appendfsync', 'always']);
  const rabbit = kind === 'rabbitmq' ? await startRabbit() : undefined;
  const adapter = (set: string): string =>
    rabbit === undefined
      ? `{ name: redis, config: { redis_url: '${redis.url}', key_prefix: ${set} } }`
      : `{ name: rabbitmq, config: { amqp_url: '${rabbit.url}' } }`;
  const one = await startSet('one', 1, adapter('one'));
  const three = await startSet('three', 3, adapter('three'));
  const peer = await startChild([
    ...['--import', 'tsx', fileURLToPath(new URL('bullmq.ts', import.meta.url))],
    redis.url,
  ]);
  const systems = [
    bullmq(peer),
    engines('one engine', 'one', one, kind),
    engines('three', 'three', three, kind),
  ];
  const bare = rabbit === undefined ? undefined : await BarePublisher.open(rabbit.url);
  if (bare !== undefined) systems.push(bareBroker(bare));
  const results = new Map<string, Measurement[]>();
  for (const system of systems) {
    await system.run(system.phases.includes('both') ? 'both' : 'enqueue', WARM_UP_JOBS, 100);
  }
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    process.stderr.write(`repetition ${repetition} of ${repetitions}\n`);
    for (const width of WIDTHS) {
      for (const phase of PHASES) {
        for (const system of systems.filter(({ phases }) => phases.includes(phase))) {
          const jobs = width * JOBS_PER_WIDTH[width];
          const before = await redisMicros(redis);
          const elapsedMs = await system.run(phase, jobs, width);
          const used = (await redisMicros(redis)) - before;
          const key = `${system.name} ${phase} ${width}`;
          const measured = { perSecond: (jobs * 1_000) / elapsedMs, redisMicros: used / jobs };
          results.set(key, [...(results.get(key) ?? []), measured]);
        }
      }
    }
  }
  for (const engine of [...one, ...three]) await engine.stop();
  await peer.stop();
  await bare?.close();
  await rabbit?.stop();
  await redis.stop();
  return report(kind, systems, results);
}

async function startRabbit(): Promise<RabbitMqServer> {
  const bin = findRabbitMq();
  if (bin === undefined) throw new Error('no rabbitmq-server (apt-get install rabbitmq-server)');
  return RabbitMqServer.start(bin);
}

function startSet(set: string, engines: number, adapter: string): Promise<SharedEngine[]> {
  const queues = new Map(WIDTHS.map((width) => [`${set}-${width}`, width]));
  return Promise.all(Array.from({ length: engines }, () => startSharedEngine(adapter, queues)));
}

function bullmq(peer: Child): System {
  return {
    name: 'BullMQ',
    phases: PHASES,
    run: async (phase, jobs, width) => {
      const task: PeerTask = { phase, jobs, width };
      return Number(await peer.ask(JSON.stringify(task)));
    },
  };
}

/** What the broker takes from a producer without an engine: the most that any engine could enqueue. */
function bareBroker(publisher: BarePublisher): System {
  return {
    name: 'bare publisher',
    phases: ['enqueue'],
    run: async (_, messages, width) => {
      const startedAt = performance.now();
      await publisher.publishAll(messages, width);
      return performance.now() - startedAt;
    },
  };
}

function engines(
  name: string,
  set: string,
  all: readonly SharedEngine[],
  kind: SharedKind,
): System {
  const sendAll = async (producers: readonly Producer[], jobs: number, width: Width) => {
    await Promise.all(
      producers.map((producer, at) => producer.sendAll(shareOf(jobs, all.length, at), width)),
    );
  };
  return {
    name,
    phases: PHASES,
    run: async (phase, jobs, width) => {
      const producers = await Promise.all(
        phase === 'process' ? [] : all.map(({ url }) => Producer.open(url, `${set}-${width}`)),
      );
      const workers = await Promise.all(
        phase === 'enqueue' ? [] : all.map(({ url }) => Worker.connect(url)),
      );
      const endedBefore = await ended(all, `${set}-${width}`, kind);
      const startedAt = performance.now();
      for (const worker of workers) worker.offer();
      await sendAll(producers, jobs, width);
      if (phase !== 'enqueue') {
        await until(() => workers.reduce((sum, { done }) => sum + done, 0) >= jobs);
        await until(async () => (await ended(all, `${set}-${width}`, kind)) >= endedBefore + jobs);
      }
      const elapsedMs = performance.now() - startedAt;
      await Promise.all([...producers, ...workers].map((client) => client.close()));
      return elapsedMs;
    },
  };
}

/**
 * Jobs whose end is recorded. On Redis every engine knows all of them; on RabbitMQ each counts its own, and
 * what it says of the others is up to a second old.
 */
async function ended(
  engines: readonly SharedEngine[],
  name: string,
  kind: SharedKind,
): Promise<number> {
  const asked = kind === 'redis' ? engines.slice(0, 1) : engines;
  const counts = await Promise.all(
    asked.map(async ({ client }) => {
      const { queues } = await client.call('iii::queue::list', {});
      return queues.find((queue) => queue.name === name)?.totals.completed ?? 0;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + 120_000;
  while (!(await check())) {
    if (performance.now() > endsAt) throw new Error(`not in time: ${check.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function shareOf(jobs: number, parts: number, at: number): number {
  return Math.floor((jobs * (at + 1)) / parts) - Math.floor((jobs * at) / parts);
}

/** Processor time that Redis has used. */
async function redisMicros(redis: RedisServer): Promise<number> {
  const info = String(await redis.command('INFO', 'cpu'));
  const seconds = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
}

function report(
  kind: SharedKind,
  systems: readonly System[],
  results: ReadonlyMap<string, readonly Measurement[]>,
): boolean {
  const medianOf = (key: string, read: (one: Measurement) => number): number =>
    median((results.get(key) ?? []).map(read));
  const lines = [
    `engines on ${kind}; BullMQ on the same Redis (appendfsync always); jobs/s, × of BullMQ, µs of Redis per job`,
    `${''.padEnd(16)}${systems.map(({ name }) => name.padStart(28)).join('')}`,
  ];
  const missed: string[] = [];
  for (const width of WIDTHS) {
    for (const phase of PHASES) {
      const peer = medianOf(`BullMQ ${phase} ${width}`, ({ perSecond }) => perSecond);
      const cells = systems.map(({ name, phases }) => {
        if (!phases.includes(phase)) return '';
        const key = `${name} ${phase} ${width}`;
        const rate = medianOf(key, ({ perSecond }) => perSecond);
        const micros = medianOf(key, (one) => one.redisMicros);
        if (name === 'one engine' && rate / peer < AIM) missed.push(`${phase} @${width}`);
        return `${rate.toFixed(0)}  ${(rate / peer).toFixed(2)}×  ${micros.toFixed(0)} µs`.padStart(
          28,
        );
      });
      lines.push(`${`${phase} @${width}`.padEnd(16)}${cells.join('')}`);
    }
  }
  lines.push(
    `aim: one engine ≥ ${AIM}× BullMQ: ${missed.length === 0 ? 'met' : `missed in ${missed.join(', ')}`}; ${cpus().length} cores, Node ${process.versions.node}`,
    JSON.stringify({ kind, results: Object.fromEntries(results) }),
  );
  process.stdout.write(`${lines.join('\n')}\n`);
  return missed.length === 0;
}
