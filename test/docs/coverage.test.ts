import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FEATURES = 110;

interface Shown {
  readonly file: string;
  /** Names of tests in the file. */
  readonly tests: readonly string[];
}

interface Row {
  readonly number: number;
  readonly text: string;
  readonly shown: readonly Shown[];
}

const PAGE = readFileSync(join(ROOT, 'docs/coverage.md'), 'utf8');

const ROWS: readonly Row[] = [...PAGE.matchAll(/^- \*\*(\d+)\*\* (.+)$/gm)].map(
  ([, number, text = '']) => ({ number: Number(number), text, shown: readShown(text) }),
);

/** A file in backquotes, and the tests in quotes that follow it. */
function readShown(text: string): readonly Shown[] {
  const pattern = /`((?:test|examples|docs)\/[^`]+|CONTRIBUTING\.md)`((?:,? “[^”]+”)*)/g;
  return [...text.matchAll(pattern)].map(([, file = '', tests = '']) => ({
    file,
    tests: [...tests.matchAll(/“([^”]+)”/g)].map(([, name = '']) => name),
  }));
}

describe('docs/coverage.md', () => {
  it('has every feature once, in order', () => {
    const numbers = Array.from({ length: FEATURES }, (_, index) => index + 1);
    expect(ROWS.map(({ number }) => number)).toEqual(numbers);
  });

  it('shows each feature, or says what is not there', () => {
    const bare = ROWS.filter(({ shown, text }) => shown.length === 0 && !/not yet: ./i.test(text));
    expect(bare).toEqual([]);
  });

  it('names files that exist, and tests that are in them', () => {
    const wrong = ROWS.flatMap(({ number, shown }) =>
      shown.flatMap(({ file, tests }) => {
        if (!existsSync(join(ROOT, file))) return [`${number}: no file ${file}`];
        if (!file.startsWith('test/')) return [];
        const source = readFileSync(join(ROOT, file), 'utf8');
        const missing = tests.filter(
          (name) => !["'", '`', '"'].some((quote) => source.includes(`${quote}${name}${quote}`)),
        );
        return tests.length === 0
          ? [`${number}: no test of ${file} is named`]
          : missing.map((name) => `${number}: ${file} has no test “${name}”`);
      }),
    );
    expect(wrong).toEqual([]);
  });
});
