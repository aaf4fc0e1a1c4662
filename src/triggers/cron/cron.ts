import type { CancelTimer, Clock } from '../../base/clock.ts';
import { IiiError, messageOf } from '../../base/errors.ts';
import type { Binding, TriggerType } from '../../engine/bindings.ts';
import { optionalText, requiredText, warnOfStray } from '../config.ts';
import { checkCondition, CONDITION, fireTrigger, type FireParts } from '../fire.ts';
import { CronSchedule } from './schedule.ts';

/** Runs that are shown when a trigger is registered and in listings. */
const SHOWN_RUNS = 3;
/** Ticks that are counted when time has jumped; beyond that nobody cares about the number. */
const MAX_COUNTED = 1_000;
/**
 * Longest sleep before the wall clock is read again. Timers stand still while the machine is
 * suspended, and know nothing of a clock that was set.
 */
const LONGEST_SLEEP_MS = 30_000;
/** A tick that is seen later than this is missed. More than a sleep, or every jump would lose ticks. */
const LATEST_MS = 60_000;
/**
 * A wall clock set back by up to this much runs again through times that had their ticks; they have
 * none a second time. Set back further it was wrong before, and what counts is the new time, as for
 * cron of Unix.
 */
const CORRECTION_MS = 3 * 3_600_000;

/** How long a tick stays claimed: longer than clocks of engines differ. */
const CLAIM_MS = 10 * 60_000;

export interface CronParts extends FireParts {
  readonly clock: Clock;
  /** Lets one engine of all have a tick; see `Engine.claim`. */
  readonly claim: (name: string, forMs: number) => Promise<boolean>;
}

/**
 * The trigger type `cron`: calls a function at the times of an expression, by the wall clock. A tick
 * that comes while the call of the one before is still running, or that is over when the process gets
 * to it, is skipped and counted.
 */
export function cronType(parts: CronParts): TriggerType {
  const jobs = new Map<string, CronJob>();
  return {
    id: 'cron',
    description: 'Calls the function at the times of a cron expression',
    bind: (binding, warn) => {
      const job = new CronJob(binding, parts);
      warnOfStray(binding, ['expression', 'timezone', CONDITION], warn, parts.log);
      jobs.set(binding.id, job);
      parts.log.info('a cron trigger is registered', {
        trigger: binding.id,
        function: binding.functionId,
        ...job.facts(),
      });
    },
    unbind: (binding) => {
      jobs.get(binding.id)?.stop();
      jobs.delete(binding.id);
    },
    facts: (binding) => jobs.get(binding.id)?.facts() ?? {},
    stop: () => {
      for (const job of jobs.values()) job.stop();
    },
  };
}

/** One cron trigger and its timer. */
class CronJob {
  readonly #binding: Binding;
  readonly #parts: CronParts;
  readonly #expression: string;
  readonly #timeZone: string;
  readonly #schedule: CronSchedule;
  /** When the next tick is; `null` when none is to come. */
  #next: number | null;
  /** The wall clock when it was read last. */
  #readAt: number;
  #cancel: CancelTimer = () => undefined;
  #running = false;
  /** Whether a tick was skipped since the last run began: one line in the log is enough. */
  #skipping = false;
  #runs = 0;
  #missed = 0;

  /** @throws IiiError INVALID_ARGUMENTS when the config cannot be used */
  constructor(binding: Binding, parts: CronParts) {
    this.#binding = binding;
    this.#parts = parts;
    this.#expression = requiredText(binding.config, 'expression');
    this.#timeZone = optionalText(binding.config, 'timezone') ?? 'UTC';
    checkCondition(binding.config);
    this.#schedule = new CronSchedule(this.#expression, this.#timeZone);
    this.#readAt = parts.clock.wallNow();
    this.#next = this.#schedule.next(this.#readAt);
    if (this.#next === null) {
      throw new IiiError(
        'INVALID_ARGUMENTS',
        `the cron expression '${this.#expression}' names no time that is still to come`,
      );
    }
    this.#sleep();
  }

  /** No more ticks; a call that is running goes on. */
  stop(): void {
    this.#cancel();
  }

  /** What listings show. */
  facts(): Readonly<Record<string, unknown>> {
    const next = this.#schedule.upcoming(this.#parts.clock.wallNow(), SHOWN_RUNS).map(timeText);
    return {
      config_summary: `${this.#expression} (${this.#timeZone}), next ${next.join(', ') || 'never'}`,
      next_runs: next,
      runs: this.#runs,
      missed: this.#missed,
    };
  }

  #sleep(): void {
    if (this.#next === null) return;
    const { clock } = this.#parts;
    const delayMs = Math.min(this.#next - clock.wallNow(), LONGEST_SLEEP_MS);
    this.#cancel = clock.after(delayMs, () => {
      this.#wake();
    });
  }

  #wake(): void {
    const now = this.#parts.clock.wallNow();
    if (now < this.#readAt - CORRECTION_MS) this.#next = this.#schedule.next(now);
    this.#readAt = now;
    const { due, missed } = this.#takeDue(now);
    if (due !== null) {
      if (this.#running) this.#skip(1, 'its last call is still running');
      else void this.#run(due, now);
    }
    this.#skip(missed, 'their time was over before they were seen');
    this.#sleep();
  }

  /** Moves on to the first tick after `now`. Of those before, the last one is due, unless it is over. */
  #takeDue(now: number): { readonly due: number | null; readonly missed: number } {
    let due: number | null = null;
    let missed = 0;
    while (this.#next !== null && this.#next <= now) {
      if (due !== null) missed += 1;
      due = this.#next;
      this.#next = this.#schedule.next(missed < MAX_COUNTED ? due : Math.max(due, now - LATEST_MS));
    }
    return due === null || now - due <= LATEST_MS
      ? { due, missed }
      : { due: null, missed: missed + 1 };
  }

  async #run(scheduledAt: number, now: number): Promise<void> {
    this.#running = true;
    if (await this.#claims(scheduledAt)) await this.#fire(scheduledAt, now);
    this.#running = false;
  }

  /** Whether this engine is the one that runs a tick: engines that share ticks run each once. */
  async #claims(scheduledAt: number): Promise<boolean> {
    const facts = [this.#binding.functionId, this.#expression, this.#timeZone, scheduledAt];
    try {
      return await this.#parts.claim(`cron ${JSON.stringify(facts)}`, CLAIM_MS);
    } catch (thrown) {
      this.#skip(1, `it could not be claimed: ${messageOf(thrown)}`);
      return false;
    }
  }

  async #fire(scheduledAt: number, now: number): Promise<void> {
    this.#skipping = false;
    this.#runs += 1;
    const data = JSON.stringify({
      trigger: 'cron',
      job_id: this.#binding.id,
      scheduled_time: timeText(scheduledAt),
      actual_time: timeText(now),
    });
    await fireTrigger(this.#parts, this.#binding, { data });
  }

  #skip(ticks: number, why: string): void {
    if (ticks === 0) return;
    this.#missed += ticks;
    if (this.#skipping) return;
    this.#skipping = true;
    this.#parts.log.warn(`a cron trigger skips ticks: ${why}`, {
      trigger: this.#binding.id,
      function: this.#binding.functionId,
      missed: this.#missed,
    });
  }
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}
