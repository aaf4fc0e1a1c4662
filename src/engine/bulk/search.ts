import { nextTurn, type Clock } from '../../base/clock.ts';
import { scanJobs } from '../../queue/scan.ts';
import type { Condition } from '../../queue/select/condition.ts';
import type { JobBrowser, JobScan, ScannedJob } from '../../queue/store.ts';

/** How long a search keeps everything else waiting, at most, beside one slice. */
const TURN_MS = 3;

/**
 * The jobs of a scan that meet a condition, a few at a time. A piece may be empty; between two of them
 * everything else has its turn. The jobs of a piece are good until the next one is asked for.
 */
export async function* search(
  browser: JobBrowser,
  clock: Clock,
  scan: JobScan,
  condition: Condition | null,
): AsyncGenerator<readonly ScannedJob[]> {
  let turnBegan = clock.now();
  for await (const slice of scanJobs(browser, scan)) {
    const found = condition === null ? slice : slice.filter((job) => condition.test(job));
    if (found.length > 0) yield found;
    if (clock.now() - turnBegan < TURN_MS) continue;
    await nextTurn();
    turnBegan = clock.now();
  }
}
