/** Cancels a timer. Safe to call more than once, and after the timer fired. */
export type CancelTimer = () => void;

/**
 * The only source of time. Everything that waits or stamps takes one of these, so that tests and
 * embedders can drive time by hand.
 */
export interface Clock {
  /**
   * Milliseconds since the epoch that never run backwards: the wall clock read once at start, plus
   * monotonic time since. Leases, delays and stamps use it, so a jump of the wall clock moves none
   * of them.
   */
  now(): number;
  /**
   * The wall clock: milliseconds since the epoch as the machine has them now. It jumps when somebody
   * sets it, and against `now` when the machine was suspended. Only for what people plan by their
   * own clocks.
   */
  wallNow(): number;
  /** Calls `run` once after `delayMs` (0 means as soon as possible, never synchronously). */
  after(delayMs: number, run: () => void): CancelTimer;
}

/** Longest delay `setTimeout` takes; longer ones are split. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Readings of both clocks closer together than this are taken as one. */
const TOGETHER_MS = 0.1;
const MOST_READINGS = 20;

/**
 * What the wall clock had when the monotonic one began. A process that has to wait for its turn between
 * the two readings would be behind for as long as it runs, and the next one would run early what this
 * one delays: so the closest of several pairs counts.
 */
function wallAtStart(): number {
  let start = 0;
  let apart = Infinity;
  for (let reading = 0; reading < MOST_READINGS && apart > TOGETHER_MS; reading++) {
    const before = performance.now();
    const wall = Date.now();
    const after = performance.now();
    if (after - before >= apart) continue;
    apart = after - before;
    start = wall - after;
  }
  return start;
}

/** The clock of a running process. Its timers keep the process alive only when asked to. */
export class SystemClock implements Clock {
  readonly #startedAt = wallAtStart();

  now(): number {
    return Math.round(this.#startedAt + performance.now());
  }

  wallNow(): number {
    return Date.now();
  }

  after(delayMs: number, run: () => void): CancelTimer {
    let handle: NodeJS.Timeout;
    const arm = (remaining: number): void => {
      const step = Math.min(remaining, MAX_TIMEOUT_MS);
      handle = setTimeout(() => {
        if (remaining > step) arm(remaining - step);
        else run();
      }, step);
    };
    arm(Math.max(0, delayMs));
    return () => {
      clearTimeout(handle);
    };
  }
}

interface ManualTimer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * A clock that stands still until told to move: for tests and for programs that embed the engine
 * and want to decide what time it is.
 */
export class ManualClock implements Clock {
  #now: number;
  /** How far the wall clock is ahead. */
  #wallAheadMs = 0;
  #order = 0;
  readonly #timers = new Set<ManualTimer>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#now + this.#wallAheadMs;
  }

  /** Sets the wall clock forward, or back when negative. No timer moves. */
  shiftWall(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    const timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, run };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** When the next timer is due, in the clock's own milliseconds. */
  nextTimerAt(): number | undefined {
    return this.#earliest()?.at;
  }

  /**
   * Moves time forward and runs every timer that becomes due, in order of its due time. Between two
   * timers pending promises get a turn, so that code awaiting one timer can set the next.
   */
  async advance(byMs: number): Promise<void> {
    const target = this.#now + byMs;
    await settle();
    for (;;) {
      const timer = this.#earliest();
      if (timer === undefined || timer.at > target) break;
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.run();
      await settle();
    }
    this.#now = target;
    await settle();
  }

  #earliest(): ManualTimer | undefined {
    let first: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (
        first === undefined ||
        timer.at < first.at ||
        (timer.at === first.at && timer.order < first.order)
      ) {
        first = timer;
      }
    }
    return first;
  }
}

/** Lets everything that is ready to run do so: microtasks, then one round of immediates. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Lets everything else that is ready have its turn: for work that would otherwise hold it up. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
