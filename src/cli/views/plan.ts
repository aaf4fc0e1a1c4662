import type { Plan } from '../../admin/contract.ts';
import { countOf } from '../output/words.ts';

/** A plan as lines: how many jobs of which function, then a few of their ids. */
export function describePlan(plan: Plan): readonly string[] {
  const functions = plan.byFunction.map(
    ({ functionId, jobs }) => `${countOf(jobs, 'job')} of ${functionId}`,
  );
  return [...functions, ...plan.sample];
}
