import { describe, expect, it } from 'vitest';
import { BROKEN } from './broken-histories.ts';
import { checkHistory } from './check-history.ts';
import type { Dump } from './dump.ts';
import type { HistoryLine } from './history.ts';
import { INVARIANTS } from './invariants.ts';
import { GROUPED, PLAIN } from './job-plan.ts';
import {
  command,
  crashAt,
  delivered,
  dump,
  effect,
  GOOD,
  grouped,
  plain,
  redriven,
  redrivenDump,
  sound,
  view,
  without,
} from './sample-history.ts';

function violationsOf(lines: readonly HistoryLine[], changed: Partial<Dump> = {}) {
  return checkHistory(lines, [{ ...dump, ...changed }]).violations;
}

function isAnswerTo(id: string, line: HistoryLine): boolean {
  return line.kind === 'answered' && line.id === id;
}

describe('the checker of histories', () => {
  it('finds nothing in a sound one, and counts what happened', () => {
    const { violations, volumes } = checkHistory(sound, [dump, dump]);
    expect(violations).toEqual({});
    expect(volumes).toMatchObject({
      ...{ accepted: 3, unknown: 0, deliveries: 4, redeliveries: 1, deaths: 1, redriven: 0 },
      faults: { kill: 0, 'kill while starting': 0, 'power cut': 0, stop: 0 },
    });
  });

  it('lets a job run again after a crash, also under the same epoch', () => {
    const crashed = crashAt(10.2, sound.toSpliced(8, 0, delivered(10.6, GOOD, 'A')));
    expect(violationsOf(crashed)).toEqual({});
  });

  it('takes what was read late for something that came before its engine ended', () => {
    const late = sound.filter((line) => !(line.kind === 'delivered' && line.id === 'A'));
    const lines = [
      ...crashAt(10.2, [...late, delivered(10.6, GOOD, 'A')]),
      delivered(11.5, GOOD, 'A'),
    ];
    expect(violationsOf(lines)).toEqual({});
  });

  it('lets a dead job run again when it was redriven', () => {
    const { violations, volumes } = checkHistory(redriven, [redrivenDump]);
    expect(violations).toEqual({});
    expect(volumes).toMatchObject({ redriven: 1, deaths: 2 });
  });

  it('allows for commands whose answer was lost', () => {
    const uncertain: HistoryLine[] = [
      ...without(sound, 'delivered', 'answered')('C'),
      command(8, 'cancel', ['C'], { queue: PLAIN }),
      { kind: 'uncertain', at: 9, number: 8, error: null },
    ];
    const jobs = dump.jobs.filter(({ id }) => id !== 'C');
    const queues = [view(PLAIN, {}, { enqueued: 1, discarded: 1 }), grouped];
    expect(violationsOf(crashAt(8.5, uncertain), { jobs, queues })).toEqual({});
  });

  it('allows for a crash that takes away that a job was done, while a command for it goes on', () => {
    const uncertain: HistoryLine[] = [
      ...sound,
      command(39, 'cancel', ['C'], { queue: PLAIN }),
      { kind: 'uncertain', at: 42, number: 39, error: null },
    ];
    const jobs = dump.jobs.filter(({ id }) => id !== 'C');
    const queues = [view(PLAIN, {}, { enqueued: 1, discarded: 1 }), grouped];
    expect(violationsOf(crashAt(41.5, uncertain), { jobs, queues })).toEqual({});
  });

  it('lets a cancel whose answer was lost go on in the next life, between two attempts', () => {
    const lines: HistoryLine[] = [
      ...sound.map((line) => (isAnswerTo('A', line) ? { ...line, ok: false } : line)),
      command(8, 'cancel', ['A']),
      { kind: 'uncertain', at: 9, number: 8, error: null },
    ];
    const jobs = dump.jobs.filter(({ id }) => id !== 'A');
    const totals = { enqueued: 2, failed: 3, dead: 1, discarded: 1 };
    const queues = [plain, view(GROUPED, { dead: 1 }, totals)];
    expect(violationsOf(crashAt(8.5, lines), { jobs, queues })).toEqual({});
  });

  it.for(BROKEN)('finds against %s: %s', ([id, , violation, lines, changed]) => {
    expect(violationsOf(lines, changed)[id]).toContainEqual(expect.stringMatching(violation));
  });

  it('lets a discard whose answer was lost be faster than a redrive', () => {
    const lost: HistoryLine[] = [
      command(10, 'discard', ['B']),
      { kind: 'uncertain', at: 10.1, number: 10, error: null },
      command(50, 'redrive', ['B']),
      effect(50, []),
    ];
    expect(violationsOf([...sound, ...lost])).not.toHaveProperty('I11');
  });

  it('finds against I20: a store that shows something else after a restart', () => {
    const { violations } = checkHistory(sound, [dump, { ...dump, dead: [] }]);
    expect(violations).toEqual({ I20: ['after restart 1 the dead are not the same'] });
  });

  it('has shown for each invariant that it can be found broken', () => {
    const shown = new Set(['I20', ...BROKEN.map(([id]) => id)]);
    expect(INVARIANTS.map(({ id }) => id).filter((id) => !shown.has(id))).toEqual([]);
  });
});
