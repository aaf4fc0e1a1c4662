import { IiiError } from '../base/errors.ts';
import { migrateJobs, type MigrateReport, type MoveLoss } from './migrate-jobs.ts';
import { migratePauses } from './migrate-pauses.ts';
import { migrateValues, type ValuesReport } from './migrate-values.ts';
import { openPlaces, type Places } from './migration-places.ts';
import type { StoreParts } from './registry.ts';

export interface MigrationReport
  extends MigrateReport, Pick<ValuesReport, 'subscriptions' | 'values'> {
  readonly valueDigests: ValuesReport['digests'];
  /** Whether what users keep was left where it is: both sides keep it in one place, or one in memory. */
  readonly valuesStay: boolean;
}

/**
 * Moves what one engine keeps to where another is to find it: jobs, with the pauses of their queues, then subscriptions and values.
 * @param options `dryRun`: count only; `allowLoss`: move also jobs that lose something on the way
 * @throws IiiError CONFLICT when something is in the way, or an engine uses the source; what was not
 *   moved is still in the source, and a further run goes on there
 */
export async function migrate(
  source: Places,
  target: Places,
  opening: StoreParts,
  options: { readonly dryRun: boolean; readonly allowLoss: boolean },
): Promise<MigrationReport> {
  const { clock } = opening;
  const { dryRun, allowLoss } = options;
  const places = await openPlaces(source, target, opening);
  try {
    const { engine, users } = places;
    const parts = { ...places.jobs, clock };
    // what is refused is refused before anything moves
    const plan = await migrateJobs({ ...parts, dryRun: true });
    if (!dryRun && !allowLoss) refuseLosses(plan.losses);
    if (!dryRun) await migratePauses({ jobs: places.jobs, engine, clock });
    const jobs = dryRun ? plan : await migrateJobs({ ...parts, dryRun });
    const { subscriptions, values, digests } = await migrateValues({ engine, users, dryRun });
    return { ...jobs, subscriptions, values, valueDigests: digests, valuesStay: users === null };
  } finally {
    await places.close();
  }
}

/** @throws IiiError CONFLICT when jobs would lose something on the way */
function refuseLosses(losses: readonly MoveLoss[]): void {
  const [first] = losses;
  if (first === undefined) return;
  const what = losses.map(({ feature, jobs }) => `the ${feature} of ${jobs} jobs`).join(' and ');
  throw new IiiError('CONFLICT', `The target cannot keep ${what}. Nothing was moved.`, {
    reason: losses.map(({ why, ids }) => `${why} (${ids.join(', ')})`).join('; '),
    hint: 'Let the old engine run these jobs first, or move them without it: --allow-loss.',
  });
}
