import type { Archive } from '../../queue/archive.ts';
import type { Rewrite, Store } from '../../queue/store.ts';
import type { Job } from '../../queue/types.ts';
import { rewriteWith } from './actions.ts';

export interface Restored {
  readonly restored: number;
  /** Jobs that are there again already, or whose dedup key another job has. */
  readonly skipped: number;
}

/**
 * Puts the jobs of a bundle back where they were: the place in the order of acceptance stays, dead
 * ones become the latest dead, in their order. Doing it twice restores nothing twice.
 */
export async function restoreBundle(
  bundle: string,
  { archive, store }: { readonly archive: Archive; readonly store: Store },
  dryRun: boolean,
): Promise<Restored> {
  const rewrite = rewriteWith(store);
  const seen = new Set<string>();
  let restored = 0;
  let skipped = 0;
  for await (const lines of archive.read(bundle)) {
    const jobs = lines
      .map((line) => JSON.parse(line) as Job)
      .filter(({ id }) => !seen.has(id) && seen.add(id));
    const rewrites = jobs.map((job): Rewrite => ({ job, expects: 'absent' }));
    const done = dryRun
      ? await Promise.all(jobs.map(({ id }) => isGone(id, store)))
      : await rewrite(rewrites);
    const count = done.filter(Boolean).length;
    restored += count;
    skipped += done.length - count;
  }
  return { restored, skipped };
}

async function isGone(id: string, store: Store): Promise<boolean> {
  const job = await store.get(id);
  return job === undefined || job.state === 'discarded' || job.state === 'completed';
}
