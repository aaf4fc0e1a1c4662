import type { Clock } from '../../base/clock.ts';
import { NO_ROW } from '../../queue/columns.ts';
import { appendHistory } from '../../queue/history.ts';
import type { Settlement } from '../../queue/store.ts';
import { attemptsCounted, interruptionsCounted } from '../../queue/verdict.ts';
import type { HeldJob, HeldJobs } from './held-jobs.ts';
import { bytesOf, inTurn, untilWoken } from './held-jobs.ts';
import type { JobLine } from './job-line.ts';

/** How long an end waits for the broker to hand the job to this engine again, after a lost connection. */
const AGAIN_MS = 5_000;

export interface SettleParts {
  readonly held: HeldJobs;
  readonly clock: Clock;
  readonly lineOf: (queue: string) => JobLine | undefined;
}

/**
 * Carries out one verdict. `false`: the lease is not current, here or at the broker.
 * @param demandBroker throws while the broker takes nothing; the settlement can then be tried again
 */
export async function settleHeld(
  settlement: Settlement,
  parts: SettleParts,
  demandBroker: () => void,
): Promise<boolean> {
  const { held: jobs, clock } = parts;
  const { lanes } = jobs;
  const row = lanes.reserveLeased(settlement.id, settlement.epoch);
  if (row === NO_ROW) return false;
  const held = jobs.get(row);
  const line = parts.lineOf(held.stored.queue);
  try {
    demandBroker();
    while (line !== undefined && (await untilCurrent(held, line, parts, demandBroker))) {
      const isDone = await inTurn(held, async () => {
        // what was before it may have lost the job, or its delivery
        if (!jobs.isHeld(held) || !line.isCurrent(held)) return false;
        await carryOut(held, line, settlement, parts);
        return true;
      });
      if (isDone) return true;
    }
    jobs.drop(held, clock.now());
    return false;
  } catch (thrown) {
    if (jobs.isHeld(held)) lanes.release(row, clock.now());
    throw thrown;
  }
}

/** Whether the job is still this engine's; after a lost connection that shows when it comes again. */
async function untilCurrent(
  held: HeldJob,
  line: JobLine,
  { held: jobs, clock }: SettleParts,
  demandBroker: () => void,
): Promise<boolean> {
  if (!jobs.isHeld(held)) return false;
  if (line.isCurrent(held)) return true;
  await untilWoken(held, clock, AGAIN_MS, () => false);
  demandBroker();
  return jobs.isHeld(held) && line.isCurrent(held);
}

async function carryOut(
  held: HeldJob,
  line: JobLine,
  { verdict, record, at }: Settlement,
  { held: jobs, clock }: SettleParts,
): Promise<void> {
  const { lanes } = jobs;
  const { row, stored } = held;
  const progress = lanes.table.progressOf(row);
  const change = {
    attempts: progress.attempts + attemptsCounted(verdict),
    interruptions: progress.interruptions + interruptionsCounted(verdict),
    history: record === null ? stored.history : appendHistory(stored.history, record),
    epoch: progress.epoch,
    seq: progress.seq,
  };
  switch (verdict.kind) {
    case 'complete':
      await line.outbox.publishEnd(stored);
      line.release(held);
      held.stored = { ...stored, history: change.history };
      break;
    case 'retry':
      await line.copies.replace(held, { ...change, dueAt: verdict.dueAt }, line.isFifo);
      // where it does not stay here, the lanes do not count it
      if (!line.isFifo) lanes.table.line(stored.queue).totals.failed++;
      break;
    case 'return':
      if (!verdict.countsInterruption && !held.isOnlyHere) break;
      await line.copies.replace(held, change, line.isFifo);
      break;
    case 'dead': {
      const failure = { reason: verdict.reason, failedAt: at, error: verdict.error };
      await line.outbox.publishTo(line.names.dead, {
        ...stored,
        ...change,
        failure,
        leasedAt: null,
        version: stored.version + 1,
        deathOrder: jobs.nextDeath(clock.now()),
      });
      await line.outbox.publishEnd(stored);
      line.release(held);
    }
  }
  if (!jobs.isHeld(held)) return;
  const now = clock.now();
  lanes.settle(row, verdict, at, now, bytesOf(held.stored));
  if (verdict.kind === 'dead') jobs.drop(held, now);
}
