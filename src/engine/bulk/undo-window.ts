import type { CancelTimer, Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Archive } from '../../queue/archive.ts';
import type { TaskRecord } from './task.ts';
import type { TaskRecords } from './task-records.ts';

/** When it is tried again after the store was away. */
const RETRY_MS = 5_000;

export interface UndoWindowParts {
  readonly records: TaskRecords;
  readonly archive: Archive;
  readonly clock: Clock;
  readonly log: Logger;
  readonly undoWindowMs: number;
}

/** How long what tasks ended can be brought back. Every engine watches; one of them clears away. */
export class UndoWindow {
  readonly #parts: UndoWindowParts;
  readonly #timers = new Map<string, CancelTimer>();

  constructor(parts: UndoWindowParts) {
    this.#parts = parts;
  }

  /** Until when the jobs a task ended can be brought back; `null` while it runs. */
  endOf({ endedAt }: TaskRecord): number | null {
    return endedAt === null ? null : endedAt + this.#parts.undoWindowMs;
  }

  /** Sees to it that what a task keeps is cleared away in time. */
  watch(record: TaskRecord): void {
    const { clock, log } = this.#parts;
    const { id, undo } = record;
    const end = this.endOf(record);
    if (undo === null || end === null) {
      this.#timers.get(id)?.();
      this.#timers.delete(id);
      return;
    }
    if (this.#timers.has(id)) return;
    const close = (): void => {
      this.close(id).catch((thrown: unknown) => {
        const error = messageOf(thrown);
        log.warn('what could be undone was not removed; it is tried again', { task: id, error });
        this.#timers.set(id, clock.after(RETRY_MS, close));
      });
    };
    this.#timers.set(id, clock.after(Math.max(0, end - clock.now()), close));
  }

  /** Ends it for one task, and removes what was kept; only the first engine to do so has to. */
  async close(id: string): Promise<void> {
    const { records, archive } = this.#parts;
    this.#timers.get(id)?.();
    this.#timers.delete(id);
    const bundle = (await records.find(id))?.undo ?? null;
    if (bundle === null) return;
    const closed = await records.change(id, (record) =>
      record.undo === null ? null : { ...record, undo: null },
    );
    if (closed !== null) await archive.remove(bundle);
  }

  stop(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }
}
