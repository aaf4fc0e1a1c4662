import { IiiError } from '../../base/errors.ts';

const SECOND_MS = 1_000;
/** More than any zone is from UTC, less than the time between two clock changes. */
const DAY_MS = 86_400_000;

/**
 * A time zone of the IANA database. A local time is what the clocks on its walls show, written as the
 * instant at which the clocks of UTC show the same.
 */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat | null;

  /** @throws IiiError INVALID_ARGUMENTS when there is no such zone */
  constructor(name: string) {
    if (name === 'UTC') {
      this.#format = null;
      return;
    }
    try {
      this.#format = new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
    } catch {
      throw new IiiError(
        'INVALID_ARGUMENTS',
        `there is no time zone '${name}'; give a name such as Europe/Berlin or UTC`,
      );
    }
  }

  /** How far the clocks are ahead of UTC at an instant, in milliseconds. */
  offsetAt(instant: number): number {
    if (this.#format === null) return 0;
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.#format.formatToParts(instant)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    const local = Date.UTC(year, month - 1, day, hour, minute, second);
    return local - Math.floor(instant / SECOND_MS) * SECOND_MS;
  }

  /** The instants with a local time: one, or two when clocks went back, or none when they jumped over it. */
  instantsOf(local: number): number[] {
    const { before, after } = this.#offsetsAround(local);
    const offsets = before === after ? [before] : [before, after];
    return offsets
      .map((offset) => ({ instant: local - offset, offset }))
      .filter(({ instant, offset }) => this.offsetAt(instant) === offset)
      .map(({ instant }) => instant);
  }

  /** When the clocks jump over a local time that has no instant. */
  jumpOver(local: number): number {
    const { before, after } = this.#offsetsAround(local);
    return this.changeBetween(local - after, local - before);
  }

  /** The instant of a clock change, when the clocks are changed between two instants. */
  changeBetween(from: number, until: number): number {
    const before = this.offsetAt(from);
    let low = Math.floor(from / SECOND_MS);
    let high = Math.ceil(until / SECOND_MS);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetAt(middle * SECOND_MS) === before) low = middle;
      else high = middle;
    }
    return high * SECOND_MS;
  }

  #offsetsAround(local: number): { readonly before: number; readonly after: number } {
    return { before: this.offsetAt(local - DAY_MS), after: this.offsetAt(local + DAY_MS) };
  }
}
