import { Cron } from 'croner';
import { parseCronExpression, type CronExpression } from './expression.ts';
import { TimeZone } from './time-zone.ts';

const SECOND_MS = 1_000;

/**
 * When a cron expression fires. The calendar is croner's; what a field means and what happens when
 * clocks change is decided here, because croner is silent for the hour that comes twice in autumn:
 *
 * - An expression with every hour follows real time: it fires in both passes of an hour that comes
 *   twice, and not at times that the clocks leave out.
 * - Any other fires once for each local time: in the first pass of an hour that comes twice, and at the
 *   jump for a time that the clocks leave out.
 */
export class CronSchedule {
  readonly #calendar: Cron;
  readonly #years: readonly number[] | null;
  readonly #everyHour: boolean;
  readonly #zone: TimeZone;

  /** @throws IiiError INVALID_ARGUMENTS when the expression or the zone cannot be read */
  constructor(expression: string, timeZone: string) {
    const parsed = parseCronExpression(expression);
    this.#calendar = new Cron(patternOf(parsed), { utcOffset: 0, legacyMode: false, paused: true });
    this.#years = parsed.years;
    this.#everyHour = parsed.hours.length === 24;
    this.#zone = new TimeZone(timeZone);
  }

  /** The first time to fire strictly after an instant; `null` when there is none. */
  next(after: number): number | null {
    const zone = this.#zone;
    const offset = zone.offsetAt(after);
    const found = this.#nextOnce(after, after + offset);
    if (found === null || !this.#everyHour || zone.offsetAt(found) >= offset) return found;
    // the clocks go back before that: local times that were already there come again
    const change = zone.changeBetween(after, found);
    const offsetThen = zone.offsetAt(change);
    const local = this.#nextLocal(change + offsetThen - SECOND_MS);
    const again = local === null ? found : local - offsetThen;
    return zone.offsetAt(again) === offsetThen ? Math.min(again, found) : found;
  }

  /** The next times to fire, at most so many. */
  upcoming(after: number, count: number): number[] {
    const times: number[] = [];
    for (let at = this.next(after); at !== null && times.length < count; at = this.next(at)) {
      times.push(at);
    }
    return times;
  }

  /** The first instant after `after` with a local time later than `local` that is to fire. */
  #nextOnce(after: number, local: number): number | null {
    const zone = this.#zone;
    for (let at = this.#nextLocal(local); at !== null; at = this.#nextLocal(at)) {
      const instants = zone.instantsOf(at);
      const found = this.#everyHour
        ? instants.find((instant) => instant > after)
        : (instants[0] ?? zone.jumpOver(at));
      if (found !== undefined && found > after) return found;
    }
    return null;
  }

  #nextLocal(local: number): number | null {
    let from = local;
    for (;;) {
      const found = this.#calendar.nextRun(new Date(from));
      if (found === null) return null;
      const year = found.getUTCFullYear();
      if (this.#years === null || this.#years.includes(year)) return found.getTime();
      const allowed = this.#years.find((one) => one > year);
      if (allowed === undefined) return null;
      from = Date.UTC(allowed, 0, 1) - SECOND_MS;
    }
  }
}

/** The expression as croner reads it, whatever was written. */
function patternOf({ seconds, minutes, hours, days, months, weekdays }: CronExpression): string {
  const list = (values: readonly number[], all: number): string =>
    values.length === all ? '*' : values.join(',');
  return [
    list(seconds, 60),
    list(minutes, 60),
    list(hours, 24),
    list(days, 31),
    list(months, 12),
    list(weekdays, 7),
  ].join(' ');
}
