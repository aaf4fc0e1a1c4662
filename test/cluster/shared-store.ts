import { findRabbitMq, RabbitMqServer } from '../support/rabbitmq-server.ts';
import { redisMissing, RedisServer } from '../support/redis-server.ts';

/** What the engines of a cluster share, and how they reach it. */
export interface SharedStore {
  readonly port: number;
  /** Jobs of the queue in flight over all engines, at most. */
  readonly groupConcurrency: number;
  /** Pause between two jobs of a group, at least; at most twice as much. */
  readonly paceMs: number;
  /** The adapter of an engine that reaches it on this port, as one line of configuration. */
  adapter(port: number): string;
  /** Jobs in flight as the store knows them; `null` where it does not tell. */
  inFlight(): Promise<number | null>;
  stop(): Promise<void>;
}

/** A frozen engine stays away longer than this. */
export const LEASE_MS = 2_000;

/** Starts what is named; answers why not where it is not installed. */
export function startStore(name: string): Promise<SharedStore | string> {
  switch (name) {
    case 'redis':
      return startRedis();
    case 'rabbitmq':
      return startRabbitMq();
    default:
      return Promise.resolve(`--store is redis or rabbitmq, not ${name}`);
  }
}

async function startRedis(): Promise<SharedStore | string> {
  if (redisMissing !== null) return redisMissing;
  const server = await RedisServer.start(['--appendonly', 'yes', '--appendfsync', 'everysec']);
  return {
    port: server.port,
    groupConcurrency: 20,
    paceMs: 400,
    adapter: (port) =>
      `{ name: redis, config: { redis_url: 'redis://127.0.0.1:${port}', lease_ms: ${LEASE_MS} } }`,
    inFlight: async () => Number(await server.command('ZCARD', 'iii:{work}:i').catch(() => 0)),
    stop: () => server.stop(),
  };
}

async function startRabbitMq(): Promise<SharedStore | string> {
  const bin = findRabbitMq();
  if (bin === undefined) return 'no rabbitmq-server here (apt-get install rabbitmq-server)';
  const server = await RabbitMqServer.start(bin);
  return {
    port: server.port,
    // one engine at a time runs the queue: this is what bounds it, below its own concurrency
    groupConcurrency: 8,
    paceMs: 900,
    adapter: (port) =>
      `{ name: rabbitmq, config: { amqp_url: 'amqp://guest:guest@127.0.0.1:${port}' } }`,
    inFlight: () => Promise.resolve(null),
    stop: () => server.stop(),
  };
}
