import type { ScannedJob } from '../store.ts';

/** What a test has to read, cheapest first: the index, the cause of a death, the error, the payload, the whole job. */
export const COST = { index: 0, cause: 1, failure: 2, payload: 3, job: 4 } as const;

/** A question about a job. Asking it changes nothing, so that the cheap ones can be asked first. */
export interface Condition {
  readonly cost: number;
  readonly test: (job: ScannedJob) => boolean;
}

/** True when all are. The cheap ones are asked first: most jobs need no more. */
export function allOf(parts: readonly Condition[]): Condition {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const tests = byCost(parts);
  return { cost: dearest(parts), test: (job) => tests.every((test) => test(job)) };
}

/** True when one is. */
export function anyOf(parts: readonly Condition[]): Condition {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const tests = byCost(parts);
  return { cost: dearest(parts), test: (job) => tests.some((test) => test(job)) };
}

export function not({ cost, test }: Condition): Condition {
  return { cost, test: (job) => !test(job) };
}

function byCost(parts: readonly Condition[]): readonly Condition['test'][] {
  return [...parts].sort((a, b) => a.cost - b.cost).map(({ test }) => test);
}

function dearest(parts: readonly Condition[]): number {
  return Math.max(...parts.map(({ cost }) => cost));
}
