import { describe, expect, it } from 'vitest';
import { digestOf, fingerprintOf } from '../../src/config/fingerprint.ts';
import type { Origin } from '../../src/config/origin.ts';
import { type ComparedSetting, planConfig } from '../../src/config/plan.ts';
import { defaultQueue } from '../../src/config/queues.ts';
import { Secret } from '../../src/base/secret.ts';
import { STORE_GAPS, type StoreKind } from '../../src/queue/store-gaps.ts';
import type { QueuePolicy } from '../../src/queue/types.ts';

const NO_JOBS = { waiting: 0, inFlight: 0, dead: 0, retained: 0 };
const queue = (changes: Partial<QueuePolicy> = {}): QueuePolicy => ({
  ...defaultQueue('payment'),
  ...changes,
});
const FIFO = queue({ type: 'fifo', groupField: 'account' });

interface Given {
  readonly from?: readonly QueuePolicy[];
  readonly to?: readonly QueuePolicy[];
  readonly jobs?: Partial<typeof NO_JOBS>;
  readonly store?: StoreKind;
  readonly running?: readonly Partial<ComparedSetting>[];
  readonly wanted?: readonly Partial<ComparedSetting>[];
  readonly origins?: Readonly<Record<string, Origin>>;
}

function plan({ from = [], to = [], jobs, store = 'file', running, wanted, origins = {} }: Given) {
  const settings = (given: Given['running'] = []): ComparedSetting[] =>
    given.map((one) => ({ key: '', value: null, digest: null, ...one }));
  return planConfig({
    running: { queues: from, settings: settings(running) },
    wanted: { queues: to, settings: settings(wanted) },
    originOf: (key) => origins[key] ?? { kind: 'default' },
    jobsOf: () => ({ ...NO_JOBS, ...jobs }),
    gaps: STORE_GAPS[store],
  });
}

/** The changes as `effect key: note`. */
const lines = (given: Given): string[] =>
  plan(given).changes.map(({ effect, key, note }) => `${effect} ${key}: ${note}`);

describe('a plan of queues', () => {
  it('is empty between equal queues', () => {
    expect(plan({ from: [queue()], to: [queue()] })).toEqual({ changes: [], overruled: [] });
  });

  it('says from when each live change holds', () => {
    const to = queue({
      ...{ maxAttempts: 7, concurrency: 2, timeoutMs: 5_000, ttlMs: 60_000 },
      rateLimit: { max: 5, perMs: 1_000 },
    });
    expect(lines({ from: [queue()], to: [to], jobs: { waiting: 812, inFlight: 3 } })).toEqual([
      'live queues.payment.max_retries: from the next attempt that fails',
      'live queues.payment.concurrency: at once; what is in flight goes on',
      'live queues.payment.timeout_ms: from the next attempt',
      'live queues.payment.ttl_ms: for jobs accepted from now on',
      'live queues.payment.rate_limit: from the next attempt; earlier ones count',
    ]);
  });

  it('counts the jobs that lose their order', () => {
    const given = { from: [FIFO], to: [queue()] };
    expect(plan({ ...given, jobs: { waiting: 812, inFlight: 1 } }).changes[0]).toEqual({
      ...{ key: 'queues.payment.type', queue: 'payment', from: 'fifo', to: 'standard' },
      ...{ effect: 'destructive', note: '812 waiting jobs lose their order', jobs: 812 },
    });
    expect(lines({ ...given, jobs: { waiting: 812, dead: 3 } })[0]).toContain(
      '812 waiting and 3 dead jobs lose their order',
    );
    expect(lines({ ...given, jobs: { waiting: 1 } })[0]).toContain('1 waiting job loses its order');
  });

  it.each([
    ['an empty queue gets another type', { from: [FIFO], to: [queue()] }, 'live'],
    [
      'jobs without groups come into a FIFO queue',
      { from: [queue()], to: [FIFO], jobs: { waiting: 2 } },
      'destructive',
    ],
    [
      'jobs are grouped by another field',
      { from: [FIFO], to: [{ ...FIFO, groupField: 'order' }], jobs: { waiting: 2 } },
      'destructive',
    ],
    [
      'fewer finished jobs are kept than there are',
      { from: [queue()], to: [queue({ retainCompleted: 5 })], jobs: { retained: 9 } },
      'destructive',
    ],
    [
      'fewer finished jobs are kept, and there are none',
      { from: [queue()], to: [queue({ retainCompleted: 5 })] },
      'live',
    ],
    [
      'dead jobs get another name',
      { from: [queue()], to: [queue({ deadLetterQueue: 'morgue' })], jobs: { dead: 2 } },
      'live',
    ],
    [
      'dead jobs get another name at a broker, where they stay behind',
      {
        ...{ from: [queue()], to: [queue({ deadLetterQueue: 'morgue' })], jobs: { dead: 2 } },
        store: 'rabbitmq' as const,
      },
      'destructive',
    ],
  ])('says what happens when %s', (_name, given: Given, effect) => {
    expect(plan(given).changes[0]).toMatchObject({ effect });
  });

  it('adds queues live, and leaves those that are not wanted to a restart', () => {
    const mail = defaultQueue('mail');
    expect(lines({ from: [queue()], to: [mail], jobs: { waiting: 2, dead: 1 } })).toEqual([
      'live queues.mail: a new queue, at once',
      'restart queues.payment: goes with a restart; 3 jobs stay and are not run',
    ]);
  });

  it('shows what is dangerous first', () => {
    const to = [defaultQueue('mail'), queue({ concurrency: 1 })];
    const effects = plan({ from: [FIFO, defaultQueue('old')], to, jobs: { waiting: 1 } });
    expect([...new Set(effects.changes.map(({ effect }) => effect))]).toEqual([
      'destructive',
      'live',
      'restart',
    ]);
  });
});

describe('a plan of other settings', () => {
  it('waits for a restart, and says what stays in the old store', () => {
    const running = [
      { key: 'store', value: 'file' },
      { key: 'store.file_path', value: './data' },
    ];
    const wanted = [
      { key: 'store', value: 'redis' },
      { key: 'port', value: 1 },
    ];
    expect(
      lines({ running, wanted, from: [queue()], to: [queue()], jobs: { waiting: 3 } }),
    ).toEqual([
      'restart store: needs a restart; 3 jobs stay in the old store: iii store migrate',
      'restart store.file_path: needs a restart; 3 jobs stay in the old store: iii store migrate',
      'restart port: needs a restart',
    ]);
  });

  it('tells secrets apart without showing them', () => {
    const secret = (text: string): string => digestOf(new Secret(text), 'key');
    const url = { key: 'store.redis_url', value: 'redis://:***@cache' };
    const running = [{ ...url, digest: secret('old') }];
    expect(plan({ running, wanted: [{ ...url, digest: secret('old') }] }).changes).toEqual([]);
    expect(lines({ running, wanted: [{ ...url, digest: secret('new') }] })).toEqual([
      'restart store.redis_url: needs a restart; what is masked is another one',
    ]);
    expect(plan({ running, wanted: [{ ...url, digest: null }] }).changes).toEqual([]);
  });

  it('leaves out what an option decides anyway, and says so', () => {
    const running = [
      { key: 'store', value: 'memory' },
      { key: 'port', value: 7 },
    ];
    const wanted = [
      { key: 'store', value: 'file' },
      { key: 'store.file_path', value: './data' },
      { key: 'port', value: 7 },
    ];
    const origins = { store: { kind: 'option', option: '--store' } } as const;
    expect(plan({ running, wanted, origins })).toEqual({
      changes: [],
      overruled: [
        { key: 'store', value: 'file', option: '--store' },
        { key: 'store.file_path', value: './data', option: '--store' },
      ],
    });
  });
});

describe('a fingerprint', () => {
  it('is the same in any order, and another one for another value', () => {
    const a = { key: 'a', value: 1 };
    const b = { key: 'b', value: ['x'] };
    expect(fingerprintOf([a, b])).toBe(fingerprintOf([b, a]));
    expect(fingerprintOf([a, b])).not.toBe(fingerprintOf([a, { key: 'b', value: ['y'] }]));
    expect(fingerprintOf([a])).toMatch(/^[\da-f]{16}$/);
  });
});
