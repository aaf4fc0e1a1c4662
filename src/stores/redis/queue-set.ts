import { queueNotFound } from '../../queue/queue-not-found.ts';
import type { RedisContext } from './context.ts';
import type { LeaseName } from './job-text.ts';
import { RedisQueue } from './redis-queue.ts';

/** The queues there are: those of this engine's settings, and those that other engines made. */
export class QueueSet {
  readonly #context: RedisContext;
  readonly #giveBack: (queue: RedisQueue, leases: readonly LeaseName[]) => void;
  readonly #queues = new Map<string, RedisQueue>();

  /** @param giveBack returns leases that nobody used */
  constructor(
    context: RedisContext,
    giveBack: (queue: RedisQueue, leases: readonly LeaseName[]) => void,
  ) {
    this.#context = context;
    this.#giveBack = giveBack;
  }

  all(): RedisQueue[] {
    return [...this.#queues.values()];
  }

  get(name: string): RedisQueue | undefined {
    return this.#queues.get(name);
  }

  /** The queue of this name, which is there or is about to be. */
  ensure(name: string): RedisQueue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue = new RedisQueue(name, this.#context, (leases) => {
      this.#giveBack(queue, leases);
    });
    this.#queues.set(name, queue);
    return queue;
  }

  /** @throws IiiError QUEUE_NOT_FOUND */
  async known(name: string): Promise<RedisQueue> {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    await this.refresh();
    const queue = this.#queues.get(name);
    if (queue !== undefined) return queue;
    throw queueNotFound(name, [...this.#queues.keys()].sort());
  }

  /** These queues, or all. @throws IiiError QUEUE_NOT_FOUND */
  async chosen(names: readonly string[] | null): Promise<RedisQueue[]> {
    if (names === null) return this.all();
    return Promise.all([...new Set(names)].map((name) => this.known(name)));
  }

  /** Learns of queues that other engines made. */
  async refresh(): Promise<void> {
    const { connection, keys } = this.#context;
    const names = await connection.call((client) => client.smembers(keys.queues()));
    for (const name of names) this.ensure(name);
  }
}
