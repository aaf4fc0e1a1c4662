import { describe, expect, it } from 'vitest';
import { ManualClock, nextTurn } from '../../../src/base/clock.ts';
import { CommitFailure } from '../../../src/stores/file/commit-failure.ts';
import { GroupCommit } from '../../../src/stores/file/group-commit.ts';

/** A group commit whose commits end when told to, and the number of changes in each commit and note. */
function openGroup({ takesNotes = (): boolean => true } = {}) {
  const commits: number[] = [];
  const ends: ((failure?: CommitFailure) => void)[] = [];
  const noted: number[] = [];
  const clock = new ManualClock();
  const group = new GroupCommit({
    notes: {
      clock,
      note: (batch) => {
        const isTaken = takesNotes();
        if (isTaken) noted.push(batch.size);
        return isTaken;
      },
    },
    commit: (batch) => {
      commits.push(batch.size);
      return new Promise((resolve, reject) => {
        ends.push((failure) => {
          if (failure === undefined) resolve();
          else reject(failure);
        });
      });
    },
    complete: () => undefined,
    applied: () => undefined,
    failed: (failure) => failure,
  });
  const join = (): Promise<void> => {
    group.batch.remove('jobs', 1);
    return group.join({ apply: () => undefined, undo: () => undefined });
  };
  const record = (): void => {
    group.record((batch) => {
      batch.remove('states', 1);
    });
  };
  return { group, commits, ends, join, noted, record, clock };
}

describe('GroupCommit', () => {
  it('commits what comes in one turn together', async () => {
    const { commits, join } = openGroup();
    for (let caller = 0; caller < 15; caller++) void join();
    expect(commits).toEqual([]);
    await nextTurn();
    expect(commits).toEqual([15]);
  });

  it('does not wait for the end of a turn in which many come', async () => {
    const { commits, ends, join } = openGroup();
    const all = Array.from({ length: 40 }, join);
    expect(commits).toEqual([16]);
    ends[0]?.();
    await all[15];
    expect(commits).toEqual([16, 24]);
    ends[1]?.();
    await Promise.all(all);
    const later = join();
    await nextTurn();
    expect(commits).toEqual([16, 24, 1]);
    ends[2]?.();
    await later;
  });

  it('commits what nobody waits for when it is drained', async () => {
    const { group, commits, ends } = openGroup();
    group.recordLater((batch) => batch.remove('jobs', 1));
    await Promise.resolve();
    expect(commits).toEqual([]);
    const drained = group.drain();
    await Promise.resolve();
    expect(commits).toEqual([1]);
    ends[0]?.();
    await drained;
    await group.drain();
    expect(commits).toEqual([1]);
  });

  it('notes what nobody waits for before the turn goes on, and has it on disk five milliseconds later', async () => {
    const { commits, ends, noted, record, clock } = openGroup();
    record();
    record();
    await Promise.resolve();
    expect(noted).toEqual([2]);
    await clock.advance(4);
    record();
    await Promise.resolve();
    expect([noted, commits]).toEqual([[2, 1], []]);
    await clock.advance(1);
    expect(commits).toEqual([0]);
    ends[0]?.();
    await clock.advance(100);
    expect(commits).toEqual([0]);
    record();
    await Promise.resolve();
    expect(noted).toEqual([2, 1, 1]);
  });

  it('has what was noted on disk with a commit that comes before', async () => {
    const { commits, ends, join, noted, record, clock } = openGroup();
    record();
    await Promise.resolve();
    const joined = join();
    record();
    await nextTurn();
    expect([noted, commits]).toEqual([[1], [2]]);
    ends[0]?.();
    await joined;
    await clock.advance(100);
    expect(commits).toEqual([2]);
  });

  it('commits what cannot be noted', async () => {
    const { commits, record } = openGroup({ takesNotes: () => false });
    record();
    await Promise.resolve();
    expect(commits).toEqual([1]);
  });

  it('goes on when a note was refused once', async () => {
    let asked = 0;
    const { commits, ends, join, record } = openGroup({ takesNotes: () => ++asked > 1 });
    record();
    await Promise.resolve();
    expect(commits).toEqual([1]);
    ends[0]?.();
    await nextTurn();
    const joined = join();
    await nextTurn();
    expect(commits).toEqual([1, 1]);
    ends[1]?.();
    await joined;
  });

  it('commits what was noted when it is drained', async () => {
    const { group, commits, ends, noted, record, clock } = openGroup();
    record();
    await Promise.resolve();
    const drained = group.drain();
    await Promise.resolve();
    expect([noted, commits]).toEqual([[1], [0]]);
    ends[0]?.();
    await drained;
    expect(clock.nextTimerAt()).toBeUndefined();
  });

  it('notes nothing after a failed commit until one has succeeded', async () => {
    const { commits, ends, join, noted, record } = openGroup();
    const failed = join();
    await nextTurn();
    ends[0]?.(new CommitFailure('no room', 'ENOSPC', false));
    await expect(failed).rejects.toMatchObject({ code: 'ENOSPC' });
    record();
    await Promise.resolve();
    expect([noted, commits]).toEqual([[], [1, 1]]);
    ends[1]?.();
    await nextTurn();
    record();
    await Promise.resolve();
    expect([noted, commits]).toEqual([[1], [1, 1]]);
  });
});
