import type { CancelTimer, Clock } from '../../base/clock.ts';
import { IiiError } from '../../base/errors.ts';
import type { Binding, TriggerType } from '../../engine/bindings.ts';
import { optionalText, requiredText } from '../config.ts';
import { checkCondition, fireTrigger, type FireParts } from '../fire.ts';
import { CronSchedule } from './schedule.ts';

/** Runs that are shown when a trigger is registered and in listings. */
const SHOWN_RUNS = 3;
/** Ticks that are counted when time has jumped; beyond that nobody cares about the number. */
const MAX_COUNTED = 1_000;

export interface CronParts extends FireParts {
  readonly clock: Clock;
}

/**
 * The trigger type `cron`: calls a function at the times of an expression. A tick that comes while the
 * call of the one before is still running, or that is over when the process gets to it, is skipped and
 * counted.
 */
export function cronType(parts: CronParts): TriggerType {
  const jobs = new Map<string, CronJob>();
  return {
    id: 'cron',
    description: 'Calls the function at the times of a cron expression',
    bind: (binding) => {
      const job = new CronJob(binding, parts);
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
    const now = parts.clock.now();
    if (this.#schedule.next(now) === null) {
      throw new IiiError(
        'INVALID_ARGUMENTS',
        `the cron expression '${this.#expression}' names no time that is still to come`,
      );
    }
    this.#wait(now);
  }

  /** No more ticks; a call that is running goes on. */
  stop(): void {
    this.#cancel();
  }

  /** What listings show. */
  facts(): Readonly<Record<string, unknown>> {
    const next = this.#schedule.upcoming(this.#parts.clock.now(), SHOWN_RUNS).map(timeText);
    return {
      config_summary: `${this.#expression} (${this.#timeZone}), next ${next.join(', ') || 'never'}`,
      next_runs: next,
      runs: this.#runs,
      missed: this.#missed,
    };
  }

  #wait(after: number): void {
    const at = this.#schedule.next(after);
    if (at === null) return;
    this.#cancel = this.#parts.clock.after(at - this.#parts.clock.now(), () => {
      this.#tick(at);
    });
  }

  #tick(scheduledAt: number): void {
    const now = this.#parts.clock.now();
    if (this.#running) this.#skip(1);
    else void this.#run(scheduledAt, now);
    this.#skip(this.#ticksBetween(scheduledAt, now));
    // a timer may ring a moment early: the same tick must not come twice
    this.#wait(Math.max(scheduledAt, now));
  }

  async #run(scheduledAt: number, now: number): Promise<void> {
    this.#running = true;
    this.#skipping = false;
    this.#runs += 1;
    const data = JSON.stringify({
      trigger: 'cron',
      job_id: this.#binding.id,
      scheduled_time: timeText(scheduledAt),
      actual_time: timeText(now),
    });
    await fireTrigger(this.#parts, this.#binding, { data });
    this.#running = false;
  }

  #ticksBetween(after: number, until: number): number {
    let count = 0;
    let at = this.#schedule.next(after);
    while (at !== null && at <= until && count < MAX_COUNTED) {
      count += 1;
      at = this.#schedule.next(at);
    }
    return count;
  }

  #skip(ticks: number): void {
    if (ticks === 0) return;
    this.#missed += ticks;
    if (this.#skipping) return;
    this.#skipping = true;
    this.#parts.log.warn('a cron trigger skips ticks until its last call is over', {
      trigger: this.#binding.id,
      function: this.#binding.functionId,
      missed: this.#missed,
    });
  }
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}
