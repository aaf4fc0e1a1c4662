import { Secret } from '../../src/base/secret.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { STORE_GAPS } from '../../src/queue/store-gaps.ts';
import type { JobFilter, Store } from '../../src/queue/store.ts';
import type { Job, QueuePolicy } from '../../src/queue/types.ts';
import { RabbitStore } from '../../src/stores/rabbitmq/rabbitmq-store.ts';
import { eventually } from './eventually.ts';
import type { StoreMaker } from './store-fixture.ts';

let stores = 0;
const prefixes = new WeakMap<Store, string>();

/** A prefix that no other test of this run uses. */
export function newPrefix(): string {
  return `t${process.pid}.${++stores}`;
}

export async function openRabbitStore(
  url: string,
  prefix: string,
  policies: readonly QueuePolicy[],
  clock: Clock,
  log: Logger = silentLogger,
): Promise<RabbitStore> {
  const store = new RabbitStore({
    clock,
    random: systemRandom,
    log,
    url: new Secret(url),
    queueMode: 'quorum',
    namePrefix: prefix,
  });
  const ready = new Set<string>();
  store.watch(({ queue }) => {
    ready.add(queue);
  });
  await store.open(policies);
  await eventually(() =>
    policies.every(({ name, type }) => type === 'standard' || ready.has(name)),
  );
  return store;
}

/** Stores on a broker, as the shared suites need them: a call answers once the broker has delivered. */
export function rabbitMaker(url: string): StoreMaker {
  const open = async (
    prefix: string,
    policies: readonly QueuePolicy[],
    clock: Clock,
  ): Promise<Store> => {
    const opened = await openRabbitStore(url, prefix, policies, clock);
    await eventually(async () => {
      const [stats, jobs] = [await opened.stats(), await all(opened)];
      return policies.every(({ name }) => stats.get(name)?.waiting === waiting(jobs, name));
    });
    // deaths are ordered by a clock that stands still here: it has to see those before
    await opened.list({ ...HELD, states: null, order: 'died' });
    const store = caughtUp(opened);
    prefixes.set(store, prefix);
    return store;
  };
  return {
    gaps: STORE_GAPS.rabbitmq,
    open: (policies, clock) => open(newPrefix(), policies, clock),
    reopen: async (store, policies, clock) => {
      await store.close();
      return open(prefixes.get(store) ?? '', policies, clock);
    },
    dispose: (store) => store.close(),
  };
}

const HELD: JobFilter = {
  queues: null,
  states: ['waiting', 'delayed', 'in_flight', 'completed', 'discarded'],
  functionId: null,
  order: 'accepted',
  limit: 100_000,
  cursor: null,
};

async function all(store: Store): Promise<readonly Job[]> {
  return (await store.list(HELD)).jobs;
}

function waiting(jobs: readonly Job[], queue: string): number {
  return jobs.filter((job) => job.queue === queue && job.state === 'waiting').length;
}

/** Waits after each change until what was published has been delivered to the store again. */
function caughtUp(store: RabbitStore): Store {
  const until = (
    check: (job: Job | undefined) => boolean,
    ids: readonly string[],
  ): Promise<unknown> =>
    eventually(async () => {
      const jobs = new Map((await all(store)).map((job) => [job.id, job]));
      return ids.every((id) => check(jobs.get(id)));
    });
  const wrapped: Partial<Store> = {
    append: async (jobs) => {
      const receipts = await store.append(jobs);
      await until(
        (job) => job !== undefined,
        receipts.map(({ id }) => id),
      );
      return receipts;
    },
    settle: async (settlements) => {
      const applied = await store.settle(settlements);
      const moved = settlements.filter(
        ({ verdict }, at) =>
          applied[at] === true && (verdict.kind === 'retry' || verdict.kind === 'return'),
      );
      await until(
        (job) => job !== undefined,
        moved.map(({ id }) => id),
      );
      return applied;
    },
    redrive: async (selection) => {
      const ids = await store.redrive(selection);
      await until((job) => job !== undefined, ids);
      return ids;
    },
  };
  return new Proxy<Store>(store, {
    get: (target, name) => {
      const own = wrapped[name as keyof Store] ?? target[name as keyof Store];
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}
