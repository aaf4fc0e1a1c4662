import type { Columns } from './columns.ts';
import { NO_ROW } from './columns.ts';
import type { Group, Lane, QueueLine } from './queue-line.ts';
import { RowHeap } from './row-heap.ts';
import { isAlive, ROW } from './row-state.ts';
import { Slots } from './slots.ts';
import type { FunctionOffer } from './store.ts';

/**
 * The order in which jobs run.
 *
 * A waiting row is leasable when it is in the heap of its lane. In a standard queue every waiting
 * row is. In a FIFO queue only the head of each group is; the rows behind it are in the group's
 * backlog and `waiting` whatever their due time, which counts once they become head. A head that is
 * delayed, in flight or on hold keeps its place, and thereby blocks its group. An older row that
 * comes back displaces a head that nobody is working on.
 *
 * Invariant: a row is in at most one heap, and which one follows from its state and its group.
 */
export class RunOrder {
  /** Queues in which something became leasable; emptied by the owner. */
  readonly woken = new Set<string>();
  readonly #columns: Columns;
  readonly #lanes = new Slots<Lane>();
  readonly #groups = new Slots<Group>();
  readonly #delayed: RowHeap;
  readonly #offered: Lane[] = [];

  constructor(columns: Columns) {
    this.#columns = columns;
    const { position, dueAt } = columns;
    this.#delayed = new RowHeap(position, (a, b) => {
      const apart = dueAt.get(a) - dueAt.get(b);
      return apart === 0 ? this.#isOlder(a, b) : apart < 0;
    });
  }

  /** When the next delayed row becomes due; `Infinity` when there is none. */
  nextDueAt(): number {
    const row = this.#delayed.first();
    return row === NO_ROW ? Infinity : this.#columns.dueAt.get(row);
  }

  /** Makes the rows waiting whose delay is over. */
  promote(now: number): void {
    while (this.nextDueAt() <= now) this.#start(this.#delayed.pop(), now);
  }

  laneOf(row: number): Lane {
    return this.#lanes.get(this.#columns.lane.get(row));
  }

  /** The group of a row; `undefined` in a standard queue. */
  groupOf(row: number): Group | undefined {
    const slot = this.#columns.group.get(row);
    return slot === 0 ? undefined : this.#groups.get(slot - 1);
  }

  /** Ties a new row to its lane and, with a group, to that. */
  attach(row: number, line: QueueLine, functionId: string, group: string | null): void {
    const lane = line.lanes.get(functionId) ?? this.#addLane(line, functionId);
    lane.rows++;
    this.#columns.lane.set(row, lane.slot);
    this.#columns.group.set(row, 0);
    if (group !== null || line.fifo) this.#attachGroup(row, line, group ?? '');
  }

  /** Unties a row that is about to be freed, and drops the lane and the group it was the last of. */
  detach(row: number): void {
    const lane = this.laneOf(row);
    if (--lane.rows === 0) {
      lane.line.lanes.delete(lane.functionId);
      this.#lanes.remove(lane.slot);
    }
    const group = this.groupOf(row);
    if (group !== undefined && --group.rows === 0) {
      group.line.groups.delete(group.key);
      this.#groups.remove(group.slot);
    }
  }

  /** Changes a row's state and every count that depends on it. */
  setState(row: number, state: number): void {
    const before = this.#columns.state.get(row);
    if (before === state) return;
    this.#columns.state.set(row, state);
    const lane = this.laneOf(row);
    lane.line.shift(before, -1);
    lane.line.shift(state, 1);
    if (before === ROW.waiting) lane.waiting--;
    if (state === ROW.waiting) lane.waiting++;
    const group = this.groupOf(row);
    if (group === undefined || isAlive(before) === isAlive(state)) return;
    if (isAlive(state)) {
      if (group.alive++ === 0) group.line.groupsAlive++;
    } else if (--group.alive === 0) group.line.groupsAlive--;
  }

  /** Puts a row where it belongs, delayed until its due time. Only a reserved one may be in a heap. */
  place(row: number, now: number): void {
    this.withdraw(row);
    const group = this.#orderingGroup(row);
    if (group === undefined) {
      this.#start(row, now);
      return;
    }
    if (group.head === row) group.head = NO_ROW;
    if (group.head === NO_ROW && (group.backlog?.size ?? 0) === 0) {
      group.head = row;
      this.#start(row, now);
      return;
    }
    this.#queueUp(group, row);
    this.#elect(group, now);
  }

  /** Makes an in-flight row the head of its group: recovered rows only. */
  placeInFlight(row: number): void {
    const group = this.#orderingGroup(row);
    if (group === undefined || group.head === row) return;
    const head = group.head;
    if (head !== NO_ROW && this.#isBusy(head)) return;
    if (head !== NO_ROW) {
      this.withdraw(head);
      this.#queueUp(group, head);
    }
    group.head = row;
  }

  /** Takes a row out of its heap. It keeps its state and, as a head, its place: the group stays blocked. */
  withdraw(row: number): void {
    if (this.#columns.position.get(row) === 0) return;
    switch (this.#columns.state.get(row)) {
      case ROW.waiting: {
        const group = this.#orderingGroup(row);
        if (group === undefined || group.head === row) this.laneOf(row).leasable.remove(row);
        else group.backlog?.remove(row);
        return;
      }
      case ROW.delayed:
        this.#delayed.remove(row);
        return;
      case ROW.dead:
        this.laneOf(row).line.dead.remove(row);
    }
  }

  /**
   * Takes a row that is about to change out of reach. In a FIFO queue it keeps its place, as head or
   * behind it: what is behind may not run before the change is certain.
   */
  reserve(row: number): void {
    const group = this.#orderingGroup(row);
    const isBehind = this.#columns.state.get(row) === ROW.waiting && group?.head !== row;
    if (group === undefined || !isBehind) this.withdraw(row);
  }

  /** Lets the group of a row go on that has just ended or died. */
  leave(row: number, now: number): void {
    const group = this.#orderingGroup(row);
    if (group?.head !== row) return;
    group.head = NO_ROW;
    this.#elect(group, now);
  }

  /**
   * Takes up to `limit` leasable rows whose function is offered, highest priority first, then
   * oldest. The caller makes them in flight before anything else happens.
   */
  take(line: QueueLine, limit: number, offer: FunctionOffer): number[] {
    const rows: number[] = [];
    const offered = this.#offered;
    for (const lane of line.lanes.values()) {
      if (lane.leasable.size > 0 && offer.has(lane.functionId)) offered.push(lane);
    }
    while (rows.length < limit) {
      let best: Lane | undefined;
      for (const lane of offered) {
        if (lane.leasable.size === 0) continue;
        if (best === undefined || this.#runsBefore(lane.leasable.first(), best.leasable.first())) {
          best = lane;
        }
      }
      if (best === undefined) break;
      rows.push(best.leasable.pop());
    }
    offered.length = 0;
    return rows;
  }

  /** Changes the type of a queue and orders it anew. `rows` are all its unfinished rows, oldest first. */
  changeType(line: QueueLine, fifo: boolean, rows: readonly number[], now: number): void {
    const { state } = this.#columns;
    const movable = rows.filter((row) => this.#isMovable(row));
    for (const row of rows) {
      if (state.get(row) === ROW.waiting || state.get(row) === ROW.delayed) this.withdraw(row);
    }
    line.fifo = fifo;
    for (const row of rows) {
      const group = this.groupOf(row);
      if (group === undefined) {
        if (line.fifo) this.#attachGroup(row, line, '');
      } else {
        group.head = NO_ROW;
        group.backlog = undefined;
      }
    }
    for (const row of rows) {
      if (state.get(row) === ROW.inFlight) this.placeInFlight(row);
    }
    for (const row of movable) this.place(row, now);
  }

  /** Starts a row that nothing stands in front of: leasable now, or once it is due. */
  #start(row: number, now: number): void {
    if (this.#columns.dueAt.get(row) > now) {
      this.setState(row, ROW.delayed);
      this.#delayed.push(row);
      return;
    }
    this.setState(row, ROW.waiting);
    const lane = this.laneOf(row);
    lane.leasable.push(row);
    this.woken.add(lane.line.name);
  }

  #queueUp(group: Group, row: number): void {
    this.setState(row, ROW.waiting);
    group.backlog ??= new RowHeap(this.#columns.position, this.#isOlder);
    group.backlog.push(row);
  }

  /** Makes the oldest row the head, unless somebody is working on the present one. */
  #elect(group: Group, now: number): void {
    const next = group.backlog?.first() ?? NO_ROW;
    if (next === NO_ROW) return;
    const head = group.head;
    if (head !== NO_ROW) {
      if (this.#isBusy(head) || this.#isOlder(head, next)) return;
      this.withdraw(head);
    }
    group.backlog?.pop();
    group.head = next;
    if (head !== NO_ROW) this.#queueUp(group, head);
    // one that is reserved blocks the group until its change was made or undone
    if (this.#columns.hold.get(next) === 0) this.#start(next, now);
  }

  /** The group that orders a row: only in FIFO queues. */
  #orderingGroup(row: number): Group | undefined {
    const group = this.groupOf(row);
    return group?.line.fifo === true ? group : undefined;
  }

  #isBusy(row: number): boolean {
    return this.#columns.state.get(row) === ROW.inFlight || this.#columns.hold.get(row) !== 0;
  }

  #isMovable(row: number): boolean {
    return isAlive(this.#columns.state.get(row)) && !this.#isBusy(row);
  }

  readonly #isOlder = (a: number, b: number): boolean =>
    this.#columns.seq.get(a) < this.#columns.seq.get(b);

  readonly #runsBefore = (a: number, b: number): boolean => {
    const apart = this.#columns.priority.get(b) - this.#columns.priority.get(a);
    return apart === 0 ? this.#isOlder(a, b) : apart < 0;
  };

  #addLane(line: QueueLine, functionId: string): Lane {
    const lane = this.#lanes.add((slot) => ({
      slot,
      line,
      functionId,
      leasable: new RowHeap(this.#columns.position, this.#runsBefore),
      waiting: 0,
      rows: 0,
    }));
    line.lanes.set(functionId, lane);
    return lane;
  }

  #attachGroup(row: number, line: QueueLine, key: string): void {
    let group = line.groups.get(key);
    if (group === undefined) {
      group = this.#groups.add((slot) => ({
        slot,
        line,
        key,
        head: NO_ROW,
        backlog: undefined,
        alive: 0,
        rows: 0,
      }));
      line.groups.set(key, group);
    }
    group.rows++;
    this.#columns.group.set(row, group.slot + 1);
    if (isAlive(this.#columns.state.get(row)) && group.alive++ === 0) line.groupsAlive++;
  }
}
