import { describe, expect, it } from 'vitest';
import { decide } from '../../src/queue/decide.ts';
import type { LeaseRequest, Store } from '../../src/queue/store.ts';
import type { Lease, QueuePolicy } from '../../src/queue/types.ts';
import { memoryMaker } from '../support/memory-maker.ts';
import type { StoreMaker } from '../support/store-fixture.ts';
import { offerOf } from '../support/store-fixture.ts';
import { conformanceCases } from './conformance.ts';
import { runModel } from './model.ts';

const EVERYTHING = offerOf(null);

/** A correct store with some of its methods replaced. */
function storeWith(
  plant: (store: Store, policies: readonly QueuePolicy[]) => Partial<Store>,
): StoreMaker {
  return {
    open: async (policies, clock) => {
      const store = await memoryMaker.open(policies, clock);
      const planted = plant(store, policies);
      return new Proxy(store, {
        get: (target, name) => {
          const member: unknown = Reflect.get(planted, name) ?? Reflect.get(target, name);
          return typeof member === 'function' ? (member.bind(target) as unknown) : member;
        },
      });
    },
  };
}

/** A correct store with other decisions. */
const decidingWith = (bent: typeof decide): StoreMaker => ({ ...memoryMaker, decide: bent });

/** Gives leases back as if they had not been taken. */
async function giveBack(store: Store, leases: readonly Lease[]): Promise<void> {
  const verdict = { kind: 'return', countsInterruption: false } as const;
  await store.settle(
    leases.map(({ job, epoch }) => ({ id: job.id, epoch, verdict, record: null, at: job.dueAt })),
  );
}

/** Whether a job of the queue is delayed. */
async function isBackingOff(store: Store, queue: string): Promise<boolean> {
  return ((await store.stats()).get(queue)?.delayed ?? 0) > 0;
}

interface PlantedBug {
  readonly name: string;
  readonly maker: StoreMaker;
  /** The case whose promise it breaks. */
  readonly caughtBy: string;
}

const bugs: readonly PlantedBug[] = [
  {
    name: 'one attempt too many',
    caughtBy: 'a job gets exactly as many attempts as its queue allows, then is dead',
    maker: decidingWith((outcome, lease, policy, ...rest) =>
      decide(outcome, lease, { ...policy, maxAttempts: policy.maxAttempts + 1 }, ...rest),
    ),
  },
  {
    name: 'one attempt too few',
    caughtBy: 'a job gets exactly as many attempts as its queue allows, then is dead',
    maker: decidingWith((outcome, lease, ...rest) =>
      decide(outcome, { ...lease, attempt: lease.attempt + 1 }, ...rest),
    ),
  },
  {
    name: 'a lost worker burns the attempt',
    caughtBy: 'a lost worker burns no attempt, and the job goes back to its place',
    maker: decidingWith((outcome, ...rest) =>
      decide(outcome.kind === 'interrupted' ? { ...outcome, kind: 'timeout' } : outcome, ...rest),
    ),
  },
  {
    name: 'a later job of a group overtakes a head in backoff',
    caughtBy: 'a head in backoff blocks its group and no other',
    maker: storeWith((store, policies) => ({
      lease: async (request: LeaseRequest) => {
        const leases = await store.lease(request);
        if (leases.length > 0 || !(await isBackingOff(store, request.queue))) return leases;
        store.configure(policies.map((policy) => ({ ...policy, type: 'standard' })));
        const overtaking = await store.lease(request);
        store.configure(policies);
        return overtaking;
      },
    })),
  },
  {
    name: 'the epoch of a settlement is not looked at',
    caughtBy: 'an answer for a lease that is no longer current changes nothing',
    maker: storeWith((store) => ({
      settle: async (settlements) => {
        const current = settlements.map(async (settlement) => ({
          ...settlement,
          epoch: (await store.get(settlement.id))?.epoch ?? settlement.epoch,
        }));
        return store.settle(await Promise.all(current));
      },
    })),
  },
  {
    name: 'a redriven job goes to the end',
    caughtBy: 'a redriven job goes back before the jobs accepted after it',
    maker: storeWith((store) => {
      const redriven = new Set<string>();
      return {
        redrive: async (selection) => {
          const ids = await store.redrive(selection);
          for (const id of ids) redriven.add(id);
          return ids;
        },
        lease: async (request: LeaseRequest) => {
          const leases = await store.lease({ ...request, limit: request.limit + redriven.size });
          const late = (lease: Lease): number => (redriven.has(lease.job.id) ? 1 : 0);
          const order = leases.toSorted((a, b) => late(a) - late(b));
          await giveBack(store, order.slice(request.limit));
          return order.slice(0, request.limit);
        },
      };
    }),
  },
  {
    name: 'a job whose function is missing burns attempts',
    caughtBy: 'a job whose function nobody offers waits, uses no attempt and blocks nobody',
    maker: storeWith((store) => ({
      lease: async (request: LeaseRequest) => {
        const missing = { has: (id: string) => !request.offer.has(id) };
        const lost = await store.lease({ ...request, limit: 1_000, offer: missing });
        await store.settle(
          lost.map(({ job, epoch }) => ({
            id: job.id,
            epoch,
            verdict: { kind: 'retry', dueAt: job.dueAt },
            record: null,
            at: job.dueAt,
          })),
        );
        return store.lease(request);
      },
    })),
  },
  {
    name: 'a lease gives more than its limit',
    caughtBy: 'a lease never gives more than its limit',
    maker: storeWith((store) => ({
      lease: (request) => store.lease({ ...request, limit: request.limit + 1 }),
    })),
  },
  {
    name: 'priorities are forgotten',
    caughtBy: 'a higher priority goes first, and equal ones keep their order',
    maker: storeWith((store) => ({
      append: (jobs) => store.append(jobs.map((job) => ({ ...job, priority: 0 }))),
    })),
  },
  {
    name: 'an offer is ignored',
    caughtBy: 'functions are leased together in the order of acceptance',
    maker: storeWith((store) => ({
      lease: (request) => store.lease({ ...request, offer: EVERYTHING }),
    })),
  },
  {
    name: 'nobody is told when something can be leased',
    caughtBy: 'accepting a job signals that it can be leased',
    maker: storeWith(() => ({ watch: () => undefined })),
  },
];

describe.each(bugs)('a store with this bug is caught: $name', ({ maker, caughtBy }) => {
  it('by the promise it breaks', async () => {
    const broken: string[] = [];
    for (const { name, needs, run } of conformanceCases) {
      if (needs !== null) continue;
      await run(maker).catch(() => broken.push(name));
    }
    expect(broken).toContain(caughtBy);
  });

  it('by the comparison with the oracle', async () => {
    await expect(runModel(maker, { runs: 100, seed: 7, shrinks: false })).rejects.toThrow();
  });
});
