import fc from 'fast-check';
import type { Outcome, QueuePolicy } from '../../src/queue/types.ts';
import { COMPLETED, failed, INTERRUPTED, NOT_STARTED, policyOf } from '../support/store-fixture.ts';
import type { Ending } from './oracle.ts';
import { RETRY_AFTER_MS } from './oracle.ts';

const LONGEST_RUN = 80;
const FUNCTIONS = ['f', 'g'];
/** The queues of every run. */
export const QUEUES: readonly QueuePolicy[] = [
  policyOf('standard', { maxAttempts: 3, backoffMs: 100, maxInterruptions: 1, retainCompleted: 3 }),
  policyOf('fifo', {
    type: 'fifo',
    groupField: 'g',
    maxAttempts: 2,
    backoffMs: 100,
    maxInterruptions: 1,
    retainCompleted: 2,
  }),
];
export const QUEUE_NAMES = QUEUES.map(({ name }) => name);

export const OUTCOMES: Readonly<Record<Ending, Outcome>> = {
  completed: COMPLETED,
  failed: failed(),
  timeout: { kind: 'timeout', error: { code: 'timeout', message: 'too slow' } },
  non_retryable: failed('non_retryable'),
  retry_after: failed('retry_after', RETRY_AFTER_MS),
  interrupted: INTERRUPTED,
  not_started: NOT_STARTED,
};
const ENDINGS = Object.keys(OUTCOMES) as readonly Ending[];

/** One thing that happens to a store. Picks are taken modulo what there is to pick from. */
export type Step =
  | { readonly kind: 'append'; readonly jobs: readonly JobShape[] }
  | { readonly kind: 'lease'; queue: string; limit: number; functions: readonly string[] | null }
  | { readonly kind: 'settle'; picks: readonly number[]; ending: Ending }
  | { readonly kind: 'settle_again'; pick: number; ending: Ending }
  | { readonly kind: 'advance'; byMs: number }
  | { readonly kind: 'cancel'; picks: readonly number[] }
  | { readonly kind: 'redrive'; queues: readonly string[]; picks: number[] | null; limit: number }
  | { readonly kind: 'discard'; queues: readonly string[]; picks: number[] | null; limit: number }
  | { readonly kind: 'pause'; queue: string; paused: boolean }
  | { readonly kind: 'reopen' };

export interface JobShape {
  readonly fifo: boolean;
  readonly functionId: string;
  readonly group: string;
  readonly priority: number;
  readonly delayMs: number;
  readonly ttlMs: number | null;
  readonly dedupKey: string | null;
  readonly maxAttempts: number | undefined;
}

const queue = fc.constantFrom(...QUEUE_NAMES);
const ending = fc.constantFrom(...ENDINGS, 'completed' as const, 'failed' as const);
const pick = fc.nat({ max: 1_000 });
const rarely = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
  fc.option(value, { freq: 4, nil: null });
const selection = {
  queues: fc.subarray([...QUEUE_NAMES], { minLength: 1 }),
  picks: rarely(fc.array(pick, { maxLength: 4 })),
  limit: fc.integer({ min: 0, max: 5 }),
};
const jobShape = fc.record({
  fifo: fc.boolean(),
  functionId: fc.constantFrom(...FUNCTIONS),
  group: fc.constantFrom('1', '2', '"1"'),
  priority: fc.constantFrom(0, 0, 0, 1, 2),
  delayMs: fc.constantFrom(0, 0, 0, 50, 200),
  ttlMs: fc.option(fc.constantFrom(30, 150, 1_000), { freq: 4, nil: null }),
  dedupKey: fc.option(fc.constantFrom('x', 'y'), { freq: 5, nil: null }),
  maxAttempts: fc.option(fc.constantFrom(1, 4), { freq: 5, nil: undefined }),
});

function stepOf(canReopen: boolean): fc.Arbitrary<Step> {
  const kind = <Kind extends string>(name: Kind) => fc.constant(name);
  const steps: fc.WeightedArbitrary<Step>[] = [
    {
      weight: 6,
      arbitrary: fc.record({
        kind: kind('append'),
        jobs: fc.array(jobShape, { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: kind('lease'),
        queue,
        limit: fc.integer({ min: 0, max: 4 }),
        functions: fc.option(fc.subarray(FUNCTIONS), { freq: 2, nil: null }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: kind('settle'),
        picks: fc.array(pick, { minLength: 1, maxLength: 3 }),
        ending,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: kind('settle_again'), pick, ending }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: kind('advance'), byMs: fc.constantFrom(1, 50, 100, 400) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: kind('cancel'), picks: fc.array(pick, { maxLength: 3 }) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: kind('redrive'), ...selection }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('discard'), ...selection }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('pause'), queue, paused: fc.boolean() }) },
  ];
  if (canReopen) steps.push({ weight: 1, arbitrary: fc.constant({ kind: 'reopen' }) });
  return fc.oneof(...steps);
}

/** Random runs; with `reopen` among the steps where the store can. */
export function runsOfSteps(canReopen: boolean): fc.Arbitrary<Step[]> {
  return fc.array(stepOf(canReopen), { minLength: 1, maxLength: LONGEST_RUN, size: 'max' });
}
