import { fingerprintOf } from './cluster.ts';
import type { Column } from './columns.ts';
import type { DeadReason, JobFailure } from './types.ts';

/** What a job died of, in short: there are few of these, however many jobs are dead. */
export interface Cause {
  readonly reason: DeadReason;
  /** The error's. */
  readonly code: string;
  /** The fingerprint of the error's cluster. */
  readonly cluster: string;
}

export function causeOf({ reason, error }: JobFailure): Cause {
  return { reason, code: error.code, cluster: fingerprintOf(error) };
}

/** Causes told apart in memory; the jobs of further ones are read each time. */
const MOST_KNOWN = 4_096;

/**
 * The causes of dead jobs by row, as far as somebody asked. To read and normalise an error takes
 * longer than everything else that is looked at while a selector goes through a million jobs.
 */
export class KnownCauses {
  /** A row's place in `#causes` plus 1; 0 while its cause was not asked for. */
  readonly #column: Column<Uint32Array>;
  readonly #causes: Cause[] = [];
  readonly #places = new Map<string, number>();

  constructor(column: Column<Uint32Array>) {
    this.#column = column;
  }

  of(row: number): Cause | undefined {
    const place = this.#column.get(row);
    return place === 0 ? undefined : this.#causes[place - 1];
  }

  /** The cause of a row whose failure was read, remembered while there is room. */
  learn(row: number, failure: JobFailure): Cause {
    const cause = causeOf(failure);
    const key = `${cause.cluster} ${cause.reason} ${cause.code}`;
    const known = this.#places.get(key);
    if (known !== undefined) {
      this.#column.set(row, known);
      return this.#causes[known - 1] ?? cause;
    }
    if (this.#causes.length < MOST_KNOWN) {
      const place = this.#causes.push(cause);
      this.#places.set(key, place);
      this.#column.set(row, place);
    }
    return cause;
  }

  /** The row is about to die, or to be another job's. */
  forget(row: number): void {
    this.#column.set(row, 0);
  }

  /** Forgets everything when there is no more room: most of it may be of jobs that are long gone. */
  makeRoom(): void {
    if (this.#causes.length < MOST_KNOWN) return;
    this.#column.clear();
    this.#causes.length = 0;
    this.#places.clear();
  }
}
