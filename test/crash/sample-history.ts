import type { DeadEntry, Dump } from './dump.ts';
import type { HistoryLine, LineOf, QueueView, Totals } from './history.ts';
import { GROUPED, payloadOf, PLAIN } from './job-plan.ts';

/** Three jobs: A is done, B dies of its two attempts, C has a dedup key and a delay, and is done. */
export const GOOD = 'job-2';
export const DOOMED = 'job-0';
const KEYED = 'job-4';
const START = Date.parse('2026-01-01T00:00:00Z');

export const ready = (at: number): HistoryLine => ({ kind: 'ready', at, startedInMs: 100 });
export const fault = (at: number, name: LineOf<'fault'>['fault'] = 'kill'): HistoryLine => {
  return { kind: 'fault', at, fault: name };
};
export const gone = (at: number, status: number | null = null): HistoryLine => {
  return { kind: 'gone', at, status };
};
export const invoke = (
  at: number,
  key: string,
  settings: Partial<LineOf<'invoke'>> = {},
): HistoryLine => {
  return { kind: 'invoke', at, key, group: null, dedupKey: null, delayMs: 0, ...settings };
};
export const accepted = (at: number, key: string, id: string): HistoryLine => {
  return { kind: 'accepted', at, key, id };
};
export const delivered = (
  at: number,
  key: string,
  id: string,
  attempt = 1,
  epoch = attempt,
  since = 0,
): HistoryLine => {
  return { kind: 'delivered', at, since, key, id, attempt, epoch, isIntact: true };
};
export const answered = (
  at: number,
  id: string,
  ok: boolean,
  epoch = 1,
  since = 0,
): HistoryLine => {
  return { kind: 'answered', at, since, id, epoch, ok };
};
export const command = (
  at: number,
  name: LineOf<'command'>['command'],
  ids: readonly string[],
  settings: Partial<LineOf<'command'>> = {},
): HistoryLine => {
  const line = { command: name, ids, number: at, queue: GROUPED, again: false, ...settings };
  return { kind: 'command', at, ...line };
};
export const effect = (number: number, ids: readonly string[]): HistoryLine => {
  return { kind: 'effect', at: number + 0.5, number, ids };
};
export const seen = (at: number, state: LineOf<'seen'>['state'], ...ids: string[]): HistoryLine => {
  return { kind: 'seen', asked: at, at, state, ids };
};

export const sound: readonly HistoryLine[] = [
  ready(0),
  invoke(1, GOOD, { group: 'g' }),
  accepted(2, GOOD, 'A'),
  invoke(3, DOOMED, { group: 'g' }),
  accepted(4, DOOMED, 'B'),
  invoke(5, KEYED, { dedupKey: 'd', delayMs: 30 }),
  accepted(6, KEYED, 'C'),
  delivered(10, GOOD, 'A'),
  answered(11, 'A', true),
  delivered(12, DOOMED, 'B'),
  answered(13, 'B', false),
  delivered(20, DOOMED, 'B', 2),
  answered(21, 'B', false, 2),
  delivered(40, KEYED, 'C'),
  answered(41, 'C', true),
];

export const dead: DeadEntry = {
  id: 'B',
  group: '"g"',
  attempts: 2,
  reason: 'exhausted',
  error: { code: 'boom', message: 'as planned' },
  enqueuedAt: new Date(START + 3.5).toISOString(),
  payloadText: payloadOf(DOOMED, 'g'),
};

export function view(name: string, gauges: Partial<QueueView>, totals: Partial<Totals>): QueueView {
  const none = { enqueued: 0, completed: 0, failed: 0, dead: 0, redriven: 0, discarded: 0 };
  const rest = { paused: false, waiting: 0, delayed: 0, inFlight: 0, dead: 0 };
  return { name, ...rest, ...gauges, totals: { ...none, ...totals } };
}

export const plain = view(PLAIN, {}, { enqueued: 1, completed: 1 });
export const grouped = view(
  GROUPED,
  { dead: 1 },
  { enqueued: 2, completed: 1, failed: 2, dead: 1 },
);
export const dump: Dump = {
  jobs: [
    { id: 'A', state: 'completed' },
    { id: 'B', state: 'dead' },
    { id: 'C', state: 'completed' },
  ],
  dead: [dead],
  queues: [plain, grouped],
  dayOffsetMs: START,
};

/** The last job is alone in its group, and was redriven after it had died. */
export const redriven: readonly HistoryLine[] = [
  ...sound,
  command(50, 'redrive', ['B']),
  effect(50, ['B']),
  delivered(51, DOOMED, 'B', 1, 3),
  answered(52, 'B', false, 3),
  delivered(60, DOOMED, 'B', 2, 4),
  answered(61, 'B', false, 4),
];
export const redrivenDump: Dump = {
  ...dump,
  queues: [
    plain,
    view(GROUPED, { dead: 1 }, { ...grouped.totals, failed: 4, dead: 2, redriven: 1 }),
  ],
};

/** The same with a kill in between: what is delivered later comes from the next engine. */
export function crashAt(at: number, lines: readonly HistoryLine[]): HistoryLine[] {
  const since = at + 0.2;
  const moved = lines.map((line) =>
    (line.kind === 'delivered' || line.kind === 'answered') && line.at > at
      ? { ...line, since }
      : line,
  );
  return [...moved, fault(at), gone(at + 0.1), ready(since)];
}

export function without(lines: readonly HistoryLine[], ...kinds: HistoryLine['kind'][]) {
  return (id: string): HistoryLine[] =>
    lines.filter((line) => !(kinds.includes(line.kind) && 'id' in line && line.id === id));
}

export const cut = [
  fault(7, 'power cut'),
  { kind: 'dark', at: 7.1 },
  gone(9.9, 1),
  ready(9.95),
] as const;
export const quiet = [
  command(30, 'pause', [], { queue: PLAIN }),
  effect(30, []),
  { kind: 'quiet', at: 31, queue: PLAIN },
] as const;
export const resumed = command(45, 'resume', [], { queue: PLAIN });
export const looked = (at: number, ...queues: QueueView[]): HistoryLine => ({
  ...{ kind: 'looked', at, queues },
});
