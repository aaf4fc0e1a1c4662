import type { HistoryLine, LineOf } from './history.ts';
import { GROUPED, MAX_ATTEMPTS, PLAIN } from './job-plan.ts';

export type Delivery = LineOf<'delivered'>;

/** A command with what became of it. */
export interface CommandRun extends LineOf<'command'> {
  /** When it can have no more effect; `Infinity` when nobody knows. */
  readonly endedAt: number;
  /** The jobs it was carried out for; `null` when nobody knows. */
  readonly moved: readonly string[] | null;
}

/** Commands that are tasks: where the engine ends before they are done, the next one goes on with them. */
const TASKS: ReadonlySet<CommandRun['command']> = new Set(['cancel', 'discard']);

/** A time without an engine: from before the fault until it is ready again. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}

/** What all processes saw, in the order of time and by job. */
export class Seen {
  readonly deliveries: ReadonlyMap<string, readonly Delivery[]>;
  readonly invokes: ReadonlyMap<string, LineOf<'invoke'>>;
  /** Keys by id, as workers saw them. */
  readonly keys: ReadonlyMap<string, string>;
  /** Ids of jobs a worker said it had done. */
  readonly done: ReadonlySet<string>;
  readonly commands: readonly CommandRun[];
  readonly outages: readonly Outage[];
  readonly #lines: ReadonlyMap<HistoryLine['kind'], readonly HistoryLine[]>;
  readonly #ends: readonly number[];
  readonly #answers: ReadonlyMap<string, LineOf<'answered'>>;
  readonly #commandsById: ReadonlyMap<string, readonly { readonly run: CommandRun }[]>;

  constructor(lines: readonly HistoryLine[]) {
    this.#lines = groupBy(arrivals(lines), ({ kind }) => kind);
    this.deliveries = groupBy(this.of('delivered'), ({ id }) => id);
    this.invokes = new Map(this.of('invoke').map((line) => [line.key, line]));
    this.keys = new Map(this.of('delivered').map(({ id, key }) => [id, key]));
    const answers = this.of('answered');
    this.#answers = new Map(answers.map((line) => [leaseOf(line), line]));
    this.done = new Set(answers.filter(({ ok }) => ok).map(({ id }) => id));
    this.commands = runsOf(this);
    this.outages = outagesOf(this);
    this.#ends = this.of('gone').map(({ at }) => at);
    const named = this.commands.flatMap((run) => run.ids.map((id) => ({ id, run })));
    this.#commandsById = groupBy(named, ({ id }) => id);
  }

  /** The lines of one kind, in the order of time. */
  of<Kind extends HistoryLine['kind']>(kind: Kind): readonly LineOf<Kind>[] {
    return (this.#lines.get(kind) ?? []) as readonly LineOf<Kind>[];
  }

  /** The queue a job was sent to. */
  queueOf(key: string): string {
    return (this.invokes.get(key)?.group ?? null) === null ? PLAIN : GROUPED;
  }

  /** When the engine that sent it ended; `Infinity` when it did not. */
  endOf({ since }: Delivery): number {
    return firstAfter(this.#ends, since);
  }

  answerTo(delivery: Delivery): LineOf<'answered'> | undefined {
    return this.#answers.get(leaseOf(delivery));
  }

  /** Whether there was no engine at some time between. */
  outageBetween(from: number, to: number): boolean {
    return this.outages.some((outage) => outage.from <= to && outage.to >= from);
  }

  /** Whether a command of one of these kinds named the job between, and may have been carried out. */
  commanded(
    id: string,
    names: readonly CommandRun['command'][],
    from: number,
    to: number,
  ): boolean {
    const runs = this.#commandsById.get(id) ?? [];
    return runs.some(
      ({ run }) =>
        names.includes(run.command) &&
        run.at <= to &&
        run.endedAt >= from &&
        (run.moved === null || run.moved.includes(id)),
    );
  }

  /** Whether a delivery ended its job's life for good or until it is redriven: as its answer said. */
  isLast(delivery: Delivery): boolean {
    const answer = this.answerTo(delivery);
    return answer !== undefined && (answer.ok || delivery.attempt >= MAX_ATTEMPTS);
  }

  /** The deliveries after which the job was dead: not those that a crash made anew. */
  deathsOf(id: string): readonly Delivery[] {
    const deliveries = this.deliveries.get(id) ?? [];
    return deliveries.filter((delivery, index) => {
      if (this.answerTo(delivery)?.ok !== false || delivery.attempt < MAX_ATTEMPTS) return false;
      return deliveries[index + 1]?.attempt !== delivery.attempt;
    });
  }

  /** The ids of all jobs that anybody knows of. */
  knownIds(): ReadonlySet<string> {
    return new Set([
      ...this.of('accepted').map(({ id }) => id),
      ...this.deliveries.keys(),
      ...this.commands.flatMap(({ ids }) => ids),
    ]);
  }
}

/** A crash in the instant after a lease may take its record, and the epoch is given out again. */
function leaseOf({ id, epoch, since }: Delivery | LineOf<'answered'>): string {
  return `${id} ${epoch} ${since}`;
}

/**
 * The lines in the order of time. A worker may read a frame after the engine that sent it has gone:
 * then it arrived when that ended, at the latest.
 */
function arrivals(lines: readonly HistoryLine[]): readonly HistoryLine[] {
  const ends = lines.filter(({ kind }) => kind === 'gone').map(({ at }) => at);
  ends.sort((a, b) => a - b);
  const times = lines.map((line) => {
    if (line.kind !== 'delivered') return line;
    const end = firstAfter(ends, line.since);
    return end < line.at ? { ...line, at: end } : line;
  });
  return times.sort((a, b) => a.at - b.at);
}

/** The first of these times that is later; `Infinity` without one. */
export function firstAfter(sorted: readonly number[], time: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? Infinity) > time) high = middle;
    else low = middle + 1;
  }
  return sorted[low] ?? Infinity;
}

/** Groups items by a key, each group in their order. */
export function groupBy<Key, Item>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function runsOf(seen: Seen): CommandRun[] {
  const ends = new Map<number, LineOf<'effect'> | LineOf<'uncertain'>>();
  for (const line of [...seen.of('effect'), ...seen.of('uncertain')]) ends.set(line.number, line);
  return seen.of('command').map((command) => {
    const end = ends.get(command.number);
    const moved = end?.kind === 'effect' ? end.ids : null;
    const goesOn = moved === null && TASKS.has(command.command);
    return { ...command, endedAt: goesOn ? Infinity : (end?.at ?? Infinity), moved };
  });
}

function outagesOf(seen: Seen): Outage[] {
  const starts = seen.of('ready').map(({ at }) => at);
  return seen.of('fault').map(({ at }) => ({ from: at, to: firstAfter(starts, at) }));
}
