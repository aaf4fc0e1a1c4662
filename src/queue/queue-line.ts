import { Retained } from './retained.ts';
import type { RowHeap } from './row-heap.ts';
import { ROW_STATES } from './row-state.ts';
import { ShardedMap } from './sharded-map.ts';
import type { QueueTotals } from './store.ts';
import type { QueuePolicy } from './types.ts';

/** The jobs of one queue that call one function. Gone with its last row. */
export interface Lane {
  readonly slot: number;
  readonly line: QueueLine;
  readonly functionId: string;
  /** What can be leased: highest priority first, then oldest. */
  readonly leasable: RowHeap;
  waiting: number;
  /** Rows that refer to it, in any state. */
  rows: number;
}

/** The jobs of one FIFO queue with one group. Gone with its last row. */
export interface Group {
  readonly slot: number;
  readonly line: QueueLine;
  /** Canonical JSON of the group field's value; empty for jobs without one. */
  readonly key: string;
  /** The one job that may run; `NO_ROW` when none is alive. */
  head: number;
  /** Jobs behind the head, oldest first. Made when there is a second one. */
  backlog: RowHeap | undefined;
  alive: number;
  rows: number;
}

/** One queue: its settings, its counts, and the ways into its order. */
export class QueueLine {
  readonly name: string;
  policy: QueuePolicy | undefined;
  fifo: boolean;
  paused = false;
  readonly lanes = new Map<string, Lane>();
  readonly groups = new ShardedMap<string, Group>();
  readonly dead: RowHeap;
  readonly retained = new Retained();
  /** Rows by state. */
  readonly counts: number[] = new Array<number>(ROW_STATES).fill(0);
  groupsAlive = 0;
  /** The row that holds each dedup key. */
  readonly takenKeys = new ShardedMap<string, number>();
  readonly totals: { -readonly [Name in keyof QueueTotals]: number } = {
    enqueued: 0,
    completed: 0,
    failed: 0,
    dead: 0,
    redriven: 0,
    discarded: 0,
  };

  constructor(name: string, fifo: boolean, dead: RowHeap) {
    this.name = name;
    this.fifo = fifo;
    this.dead = dead;
  }

  count(state: number): number {
    return this.counts[state] ?? 0;
  }

  /** Changes how many rows are in a state. */
  shift(state: number, by: number): void {
    this.counts[state] = (this.counts[state] ?? 0) + by;
  }
}
