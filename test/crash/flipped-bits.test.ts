import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newFolder } from '../support/file-maker.ts';

const SEEDS = 200;

describe('a store in whose file one bit is turned', { timeout: 120_000 }, () => {
  it('opens with every job as it was, puts the damaged one aside, or is refused in words', () => {
    const program = new URL('./open-flipped.ts', import.meta.url).pathname;
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', program, join(newFolder(), 'store'), '0', String(SEEDS)],
      { encoding: 'utf8' },
    );
    // the last seed that was printed is the one that ended the process
    expect({ status, signal, stderr, last: stdout.trim().split('\n').at(-2) }).toEqual({
      status: 0,
      signal: null,
      stderr: '',
      last: String(SEEDS - 1),
    });
    const outcomes = { intact: 0, aside: 0, refused: 0, wrong: 0 };
    for (const line of stdout
      .trim()
      .split('\n')
      .filter((text) => text.startsWith('{'))) {
      const { outcome, ...rest } = JSON.parse(line) as { outcome: keyof typeof outcomes };
      outcomes[outcome] += 1;
      expect(outcome, JSON.stringify(rest)).not.toBe('wrong');
    }
    const { intact, aside, refused } = outcomes;
    expect(intact + aside + refused).toBe(SEEDS);
    // each way was taken often enough to have been tried
    expect(Math.min(intact, aside, refused)).toBeGreaterThan(SEEDS / 20);
  });
});
