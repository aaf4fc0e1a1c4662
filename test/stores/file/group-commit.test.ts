import { describe, expect, it } from 'vitest';
import { GroupCommit } from '../../../src/stores/file/group-commit.ts';

/** A group commit whose commits end when told to, and the number of callers in each. */
function openGroup() {
  const commits: number[] = [];
  const ends: (() => void)[] = [];
  const group = new GroupCommit({
    commit: (batch) => {
      commits.push(batch.size);
      return new Promise((resolve) => ends.push(resolve));
    },
    complete: () => undefined,
    applied: () => undefined,
    failed: (failure) => failure,
  });
  const join = (): Promise<void> => {
    group.batch.remove('jobs', 1);
    return group.join(
      () => undefined,
      () => undefined,
    );
  };
  return { group, commits, ends, join };
}

describe('GroupCommit', () => {
  it('commits what comes in one turn together', async () => {
    const { commits, join } = openGroup();
    for (let caller = 0; caller < 15; caller++) void join();
    expect(commits).toEqual([]);
    await Promise.resolve();
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
    await Promise.resolve();
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
});
