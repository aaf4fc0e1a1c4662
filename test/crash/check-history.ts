import type { HistoryLine, LineOf } from './history.ts';
import { fateOf } from './history.ts';

/** What the engine says when everything has come to rest. */
export interface Dump {
  readonly dead: readonly { readonly id: string; readonly attempts: number }[];
  readonly unfinished: number;
  readonly enqueued: number;
  readonly completed: number;
  readonly deadEver: number;
}

export interface Volumes {
  readonly accepted: number;
  readonly unknown: number;
  readonly deliveries: number;
  readonly redeliveries: number;
  readonly faults: number;
}

export interface Verdict {
  readonly violations: readonly string[];
  readonly volumes: Volumes;
}

const MAX_ATTEMPTS = 2;

/** Holds what the processes saw against what a receipt promises. */
export function checkHistory(lines: readonly HistoryLine[], dump: Dump): Verdict {
  const history = new History(lines);
  const violations = [
    ...lost(history, dump),
    ...phantoms(history),
    ...changed(history),
    ...unexplained(history),
    ...outOfOrder(history),
    ...miscounted(history, dump),
  ];
  const deliveries = history.of('delivered');
  return {
    violations,
    volumes: {
      accepted: history.of('accepted').length,
      unknown: history.of('unknown').length,
      deliveries: deliveries.length,
      redeliveries: deliveries.length - history.deliveriesById.size,
      faults: history.of('fault').length,
    },
  };
}

class History {
  readonly deliveriesById: ReadonlyMap<string, readonly LineOf<'delivered'>[]>;
  readonly invokes: ReadonlyMap<string, LineOf<'invoke'>>;
  /** Ids of jobs a worker said it had done. */
  readonly done: ReadonlySet<string>;
  readonly #lines: readonly HistoryLine[];
  readonly #answers: ReadonlyMap<string, LineOf<'answered'>>;
  readonly #outages: readonly Outage[];

  constructor(lines: readonly HistoryLine[]) {
    this.#lines = lines.toSorted((a, b) => a.at - b.at);
    const byId = new Map<string, LineOf<'delivered'>[]>();
    for (const line of this.of('delivered')) {
      byId.set(line.id, [...(byId.get(line.id) ?? []), line]);
    }
    this.deliveriesById = byId;
    this.invokes = new Map(this.of('invoke').map((line) => [line.key, line]));
    const answers = this.of('answered');
    this.#answers = new Map(answers.map((line) => [`${line.id} ${line.epoch}`, line]));
    this.#outages = outagesIn(this);
    this.done = new Set(answers.filter(({ ok }) => ok).map(({ id }) => id));
  }

  of<Kind extends HistoryLine['kind']>(kind: Kind): LineOf<Kind>[] {
    return this.#lines.filter((line): line is LineOf<Kind> => line.kind === kind);
  }

  answerTo({ id, epoch }: LineOf<'delivered'>): LineOf<'answered'> | undefined {
    return this.#answers.get(`${id} ${epoch}`);
  }

  /** Whether the engine was down at some time between: from before a kill until it was ready again. */
  faultBetween(from: number, to: number): boolean {
    return this.#outages.some((outage) => outage.from <= to && outage.to >= from);
  }
}

interface Outage {
  readonly from: number;
  readonly to: number;
}

function outagesIn(history: History): Outage[] {
  const starts = history.of('ready');
  return history.of('fault').map(({ at }) => ({
    from: at,
    to: starts.find((ready) => ready.at > at)?.at ?? Infinity,
  }));
}

/** I1: every receipt stands for a job that was done or is dead. */
function lost(history: History, dump: Dump): string[] {
  const dead = new Set(dump.dead.map(({ id }) => id));
  const violations = history
    .of('accepted')
    .filter(({ id }) => !history.done.has(id) && !dead.has(id))
    .map(({ id, key }) => `lost: ${key} has the receipt ${id} and is neither done nor dead`);
  if (dump.unfinished > 0) violations.push(`stuck: ${dump.unfinished} jobs are not finished`);
  return violations;
}

/** I2, I3: nothing runs that was refused or never sent, and a receipt belongs to one job. */
function phantoms(history: History): string[] {
  const refused = new Set(history.of('refused').map(({ key }) => key));
  const keys = new Map(history.of('accepted').map(({ id, key }) => [id, key]));
  const violations: string[] = [];
  for (const { id, key } of history.of('delivered')) {
    if (!history.invokes.has(key)) violations.push(`phantom: ${key} was never sent`);
    if (refused.has(key)) violations.push(`phantom: ${key} was refused and ran`);
    const known = keys.get(id);
    if (known !== undefined && known !== key)
      violations.push(`mixed up: ${id} is ${known} and ${key}`);
    keys.set(id, key);
  }
  const ids = new Set(keys.values());
  if (ids.size < keys.size) violations.push('doubled: one key runs under several receipts');
  return violations;
}

/** I13: payloads arrive as they were sent. */
function changed(history: History): string[] {
  const broken = history.of('delivered').filter(({ isIntact }) => !isIntact);
  return broken.map(({ key }) => `changed: the payload of ${key}`);
}

/** I5b, I9: a job runs again only after a failure or a fault, and its attempts are counted. */
function unexplained(history: History): string[] {
  const violations: string[] = [];
  for (const deliveries of history.deliveriesById.values()) {
    for (const [index, delivery] of deliveries.entries()) {
      const before = deliveries[index - 1];
      if (delivery.attempt > MAX_ATTEMPTS) violations.push(`too many attempts: ${delivery.key}`);
      if (before === undefined) {
        if (delivery.attempt !== 1) violations.push(`attempts lost: ${delivery.key} begins late`);
        continue;
      }
      const answer = history.answerTo(before);
      const fault = history.faultBetween(before.at, delivery.at);
      const step = delivery.attempt - before.attempt;
      if (step === 1 ? answer?.ok !== false : step !== 0 || !fault) {
        violations.push(
          `unexplained: ${delivery.key} ran again as attempt ${delivery.attempt} after ${before.attempt}`,
        );
      }
      if (delivery.epoch <= before.epoch && !fault) {
        violations.push(`epoch: ${delivery.key} was leased twice with the same`);
      }
    }
  }
  return violations;
}

/** I6b: no job of a group runs once a later one has. */
function outOfOrder(history: History): string[] {
  const order = new Map([...history.invokes.keys()].map((key, index) => [key, index]));
  const latest = new Map<string, LineOf<'delivered'>>();
  const violations: string[] = [];
  for (const delivery of history.of('delivered')) {
    const group = history.invokes.get(delivery.key)?.group ?? null;
    if (group === null) continue;
    const last = latest.get(group);
    if (last !== undefined && (order.get(delivery.key) ?? 0) < (order.get(last.key) ?? 0)) {
      violations.push(`order: ${delivery.key} ran after ${last.key} of the same group`);
      continue;
    }
    latest.set(group, delivery);
  }
  return violations;
}

/** I10, I12: the dead are those that always fail, and the totals say what happened. */
function miscounted(history: History, dump: Dump): string[] {
  const keys = new Map(history.of('delivered').map(({ id, key }) => [id, key]));
  const violations = dump.dead
    .filter(({ id, attempts }) => {
      const key = keys.get(id);
      return key === undefined || fateOf(key) !== 'fails always' || attempts !== MAX_ATTEMPTS;
    })
    .map(({ id }) => `wrongly dead: ${keys.get(id) ?? id}`);
  if (dump.completed !== history.done.size) {
    violations.push(`totals: ${dump.completed} completed, the workers did ${history.done.size}`);
  }
  if (dump.deadEver !== dump.dead.length) {
    violations.push(`totals: ${dump.deadEver} died, ${dump.dead.length} are dead`);
  }
  if (dump.enqueued !== dump.completed + dump.deadEver + dump.unfinished) {
    violations.push(
      `totals: ${dump.enqueued} enqueued, ${dump.completed} completed, ${dump.deadEver} died`,
    );
  }
  return violations;
}
