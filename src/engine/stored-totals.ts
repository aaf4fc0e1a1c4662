import type { CancelTimer, Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { StateStore } from '../state/store.ts';

/** Pause between two writes: what is counted meanwhile is written together. A crash loses it. */
const WRITE_EVERY_MS = 1_000;
/** Names that are counted, at most. */
const MOST_NAMES = 10_000;

export interface StoredTotalsParts {
  readonly state: StateStore;
  /** Scope of the state store that holds nothing else. */
  readonly scope: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Counts by name that go on over a restart, and over all engines on the same state store. */
export class StoredTotals {
  readonly #parts: StoredTotalsParts;
  readonly #names = new Set<string>();
  /** What is not written yet. */
  readonly #pending = new Map<string, number>();
  #cancelPause: CancelTimer | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(parts: StoredTotalsParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    for (const name of (await this.all()).keys()) this.#names.add(name);
  }

  add(name: string): void {
    if (!this.#names.has(name) && this.#names.size >= MOST_NAMES) return;
    this.#names.add(name);
    this.#pending.set(name, (this.#pending.get(name) ?? 0) + 1);
    if (this.#cancelPause === undefined) this.#writeAndPause();
  }

  /** Every count so far. */
  all(): Promise<ReadonlyMap<string, number>> {
    return this.#inTurn(async () => {
      const { state, scope } = this.#parts;
      const stored = await state.list(scope);
      const totals = new Map([...stored].map(([name, text]) => [name, Number(text)]));
      for (const [name, by] of this.#pending) totals.set(name, (totals.get(name) ?? 0) + by);
      return totals;
    });
  }

  /** Writes what is left. Never rejects. */
  async stop(): Promise<void> {
    this.#cancelPause?.();
    await this.#inTurn(() => this.#write());
  }

  #writeAndPause(): void {
    this.#cancelPause = this.#parts.clock.after(WRITE_EVERY_MS, () => {
      this.#cancelPause = undefined;
      if (this.#pending.size > 0) this.#writeAndPause();
    });
    void this.#inTurn(() => this.#write());
  }

  /** What cannot be written now is written with what comes next. */
  async #write(): Promise<void> {
    const { state, scope, log } = this.#parts;
    for (const [name, by] of [...this.#pending]) {
      try {
        await state.update(scope, name, (before) => String(Number(before ?? 0) + by));
      } catch (thrown) {
        log.warn('counts could not be stored; it is tried again', { error: messageOf(thrown) });
        return;
      }
      const left = (this.#pending.get(name) ?? 0) - by;
      if (left > 0) this.#pending.set(name, left);
      else this.#pending.delete(name);
    }
  }

  /** One after the other, so that nothing is counted twice while it is written. */
  #inTurn<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    const done = this.#tail.then(act);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
