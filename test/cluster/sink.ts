/** One run of a job at the sink, as long as its worker is at it. */
export interface Run {
  readonly group: number;
  readonly n: number;
  readonly epoch: number;
  /** Whether the sink let it begin. */
  readonly accepted: boolean;
}

interface Group {
  /** The highest epoch that was let in. */
  fence: number;
  /** Job numbers that were committed. */
  readonly committed: Set<number>;
  /** Job numbers with a receipt, in the order in which they were asked for. */
  readonly receipts: number[];
}

/**
 * Where the jobs of all engines end up: a resource that takes nothing from whoever has a lower epoch
 * than it saw before, and that knows what has to come before what.
 */
export class Sink {
  readonly violations: string[] = [];
  readonly #groups: Group[];
  commits = 0;
  /** Begins and commits that were refused because a newer lease was there. */
  fenced = 0;
  duplicates = 0;

  constructor(groups: number) {
    this.#groups = Array.from({ length: groups }, () => ({
      fence: 0,
      committed: new Set<number>(),
      receipts: [],
    }));
  }

  /** The producer has a receipt for job `n`; jobs of a group are asked for one after the other. */
  receipt(group: number, n: number): void {
    this.#group(group).receipts.push(n);
  }

  get receipts(): number {
    return this.#groups.reduce((sum, { receipts }) => sum + receipts.length, 0);
  }

  begin(group: number, n: number, epoch: number): Run {
    const state = this.#group(group);
    if (epoch < state.fence) {
      this.fenced++;
      return { group, n, epoch, accepted: false };
    }
    state.fence = epoch;
    const missing = state.receipts.find((one) => one < n && !state.committed.has(one));
    if (missing !== undefined) {
      this.violations.push(`group ${group}: ${n} began before ${missing} was done`);
    }
    return { group, n, epoch, accepted: true };
  }

  /** Answers whether the work was taken. */
  commit({ group, n, epoch, accepted }: Run): boolean {
    const state = this.#group(group);
    if (!accepted || epoch < state.fence) {
      this.fenced++;
      return false;
    }
    if (state.committed.has(n)) this.duplicates++;
    else {
      const later = [...state.committed].find((one) => one > n);
      if (later !== undefined) {
        this.violations.push(`group ${group}: ${n} was done after ${later}`);
      }
    }
    state.committed.add(n);
    this.commits++;
    return true;
  }

  /** Receipts without a commit, as `group/n`. */
  lost(): string[] {
    return this.#groups.flatMap(({ receipts, committed }, group) =>
      receipts.filter((n) => !committed.has(n)).map((n) => `${group}/${n}`),
    );
  }

  #group(group: number): Group {
    const state = this.#groups[group];
    if (state === undefined) throw new RangeError(`no group ${group}`);
    return state;
  }
}
