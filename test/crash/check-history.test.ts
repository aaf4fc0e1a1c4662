import { describe, expect, it } from 'vitest';
import type { Dump } from './check-history.ts';
import { checkHistory } from './check-history.ts';
import type { HistoryLine } from './history.ts';

const GOOD = 'job-2';
const DOOMED = 'job-0';

/** One job of a group that is done, and one that dies of its two attempts. */
const sound: readonly HistoryLine[] = [
  { kind: 'ready', at: 0, startedInMs: 100 },
  { kind: 'invoke', at: 1, key: GOOD, group: 'g' },
  { kind: 'accepted', at: 2, key: GOOD, id: 'A' },
  { kind: 'invoke', at: 3, key: DOOMED, group: 'g' },
  { kind: 'accepted', at: 4, key: DOOMED, id: 'B' },
  delivery(5, GOOD, 'A', 1, 1),
  { kind: 'answered', at: 6, id: 'A', epoch: 1, ok: true },
  delivery(7, DOOMED, 'B', 1, 1),
  { kind: 'answered', at: 8, id: 'B', epoch: 1, ok: false },
  delivery(9, DOOMED, 'B', 2, 2),
  { kind: 'answered', at: 10, id: 'B', epoch: 2, ok: false },
];
const dump: Dump = {
  dead: [{ id: 'B', attempts: 2 }],
  unfinished: 0,
  enqueued: 2,
  completed: 1,
  deadEver: 1,
};

function delivery(
  at: number,
  key: string,
  id: string,
  attempt: number,
  epoch: number,
): HistoryLine {
  return { kind: 'delivered', at, key, id, attempt, epoch, isIntact: true };
}

function violationsWith(lines: readonly HistoryLine[], changed: Partial<Dump> = {}) {
  return checkHistory(lines, { ...dump, ...changed }).violations;
}

describe('the checker of histories', () => {
  it('finds nothing in a sound one, and counts it', () => {
    expect(checkHistory(sound, dump)).toEqual({
      violations: [],
      volumes: { accepted: 2, unknown: 0, deliveries: 3, redeliveries: 1, faults: 0 },
    });
  });

  it('lets a job run again after a crash', () => {
    const crashed: HistoryLine[] = [
      ...sound.slice(0, 6),
      { kind: 'fault', at: 5.5, fault: 'kill' },
      { kind: 'ready', at: 5.6, startedInMs: 100 },
      delivery(5.7, GOOD, 'A', 1, 3),
      { kind: 'answered', at: 6, id: 'A', epoch: 3, ok: true },
      ...sound.slice(7),
    ];
    expect(violationsWith(crashed)).toEqual([]);
  });

  it.each<[string, RegExp, readonly HistoryLine[], Partial<Dump>]>([
    [
      'a lost job',
      /^lost: job-2/,
      sound.filter((line) => !('id' in line && line.id === 'A' && line.kind !== 'accepted')),
      {},
    ],
    ['a dead job that is gone', /^lost: job-0/, sound, { dead: [] }],
    ['a job that never ends', /^stuck/, sound, { unfinished: 1 }],
    [
      'a job nobody sent',
      /^phantom: job-7 was never sent/,
      [...sound, delivery(11, 'job-7', 'C', 1, 1)],
      {},
    ],
    [
      'a job that was refused',
      /^phantom: job-2 was refused/,
      [...sound, { kind: 'refused', at: 2, key: GOOD, error: 'full' }],
      {},
    ],
    ['a receipt for two jobs', /^mixed up: A/, [...sound, delivery(11, DOOMED, 'A', 1, 9)], {}],
    ['one job under two receipts', /^doubled/, [...sound, delivery(11, GOOD, 'C', 1, 1)], {}],
    [
      'a changed payload',
      /^changed/,
      sound.map((line) => (line.kind === 'delivered' ? { ...line, isIntact: false } : line)),
      {},
    ],
    [
      'a job that runs twice for no reason',
      /^unexplained: job-2/,
      [...sound, delivery(6.5, GOOD, 'A', 1, 2)],
      {},
    ],
    [
      'attempts that start anew',
      /^unexplained: job-0 ran again as attempt 1 after 2/,
      [...sound, delivery(11, DOOMED, 'B', 1, 3)],
      {},
    ],
    [
      'an attempt too many',
      /^too many attempts: job-0/,
      [...sound, delivery(11, DOOMED, 'B', 3, 3)],
      {},
    ],
    [
      'a broken order',
      /^order: job-2 ran after job-0/,
      [...sound, delivery(11, GOOD, 'A', 1, 2)],
      {},
    ],
    [
      'a job dead before its time',
      /^wrongly dead: job-2/,
      sound,
      { dead: [...dump.dead, { id: 'A', attempts: 1 }] },
    ],
    ['wrong totals', /^totals: 2 completed/, sound, { completed: 2 }],
    ['totals that do not add up', /^totals: 5 enqueued/, sound, { enqueued: 5 }],
  ])('finds %s', (_, violation, lines, changed) => {
    expect(violationsWith(lines, changed)).toContainEqual(expect.stringMatching(violation));
  });
});
