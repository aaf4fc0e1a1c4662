import type { Lanes } from '../../queue/lanes.ts';
import type { QueueTotals } from '../../queue/store.ts';
import { encodeQueue } from './queue-record.ts';
import type { NextNumbers } from './recover.ts';
import type { WriteBatch } from './write-batch.ts';

type Counts = { -readonly [Name in keyof QueueTotals]: number };

interface Change {
  readonly counts: Counts;
  paused: boolean | null;
}

/** What the batch being collected changes in the records of queues: their totals and pauses. */
export class Tally {
  readonly #changes = new Map<string, Change>();

  add(queue: string, name: keyof QueueTotals, by = 1): void {
    this.#changeOf(queue).counts[name] += by;
  }

  pause(queue: string, paused: boolean): void {
    this.#changeOf(queue).paused = paused;
  }

  /** Writes the records of the queues that change as they will be after the batch, and starts anew. */
  writeInto(batch: WriteBatch, { table }: Lanes, next: NextNumbers): void {
    for (const [name, { counts, paused }] of this.#changes) {
      const line = table.line(name);
      const totals = { ...line.totals };
      for (const [total, by] of Object.entries(counts)) totals[total as keyof QueueTotals] += by;
      encodeQueue(batch.begin('queues', name), {
        name,
        paused: paused ?? line.paused,
        totals,
        nextSeq: next.seq,
        nextDeathOrder: next.deathOrder,
      });
    }
    this.#changes.clear();
  }

  clear(): void {
    this.#changes.clear();
  }

  #changeOf(queue: string): Change {
    let change = this.#changes.get(queue);
    if (change === undefined) {
      const counts = { enqueued: 0, completed: 0, failed: 0, dead: 0, redriven: 0, discarded: 0 };
      change = { counts, paused: null };
      this.#changes.set(queue, change);
    }
    return change;
  }
}
