import { migrateJobs, type MigrateReport } from './migrate-jobs.ts';
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
 * Moves what one engine keeps to where another is to find it: jobs, then subscriptions and values.
 * @param dryRun count only
 * @throws IiiError CONFLICT when something is in the way, or an engine uses the source; what was not
 *   moved is still in the source, and a further run goes on there
 */
export async function migrate(
  source: Places,
  target: Places,
  parts: StoreParts,
  dryRun: boolean,
): Promise<MigrationReport> {
  const { clock, random } = parts;
  const { policies } = target;
  const places = await openPlaces(source, target, parts);
  try {
    const jobs = await migrateJobs({ ...places.jobs, policies, clock, random, dryRun });
    const { engine, users } = places;
    const { subscriptions, values, digests } = await migrateValues({ engine, users, dryRun });
    return { ...jobs, subscriptions, values, valueDigests: digests, valuesStay: users === null };
  } finally {
    await places.close();
  }
}
