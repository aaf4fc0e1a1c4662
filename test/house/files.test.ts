import { describe, expect, it } from 'vitest';
import { readTrackedFiles } from './tracked-files.ts';

const files = readTrackedFiles();
const code = files.filter(({ path }) => /\.(ts|js|mjs|cjs|sh)$/.test(path));
const ours = code.filter(({ path }) => /^(src|test|bench|scripts|bin|examples)\//.test(path));

/** `path:line` of every line that matches. */
function linesMatching(among: typeof files, pattern: RegExp): string[] {
  return among.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
      ),
  );
}

describe('the files of the repository', () => {
  it('are there to be looked at', () => {
    expect(ours.length).toBeGreaterThan(20);
  });

  it('have at most 400 lines of code each', () => {
    const long = code.filter(({ text }) => text.trimEnd().split('\n').length > 400);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it('are named in kebab-case, and no folder is a place for everything', () => {
    const paths = ours.map(({ path }) => path);
    expect(paths.filter((path) => !/^[a-z0-9./-]+$/.test(path))).toEqual([]);
    expect(paths.filter((path) => /\b(utils?|helpers?|common|misc)[/.]/.test(path))).toEqual([]);
  });

  it('are imported by name: no index file stands for a folder', () => {
    const barrels = ours.filter(({ path }) => /^src\/.+\/index\.ts$/.test(path));
    expect(barrels.map(({ path }) => path)).toEqual([]);
  });

  it('hold no path of one machine', () => {
    expect(linesMatching(files, /\/(tmp|work|root|home|Users)\/[a-z]/)).toEqual([]);
  });

  it('name no package registry', () => {
    expect(linesMatching(files, /registry\.(npm|yarn)|npm[m]irror|unpkg\.com|jsdeliv[r]/)).toEqual(
      [],
    );
  });

  it('hold no notes of unfinished work', () => {
    expect(linesMatching(ours, /\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b/)).toEqual([]);
  });

  it('choose no tests: nothing is focused or left out', () => {
    const tests = ours.filter(({ path }) => path.startsWith('test/'));
    const chosen = /\b(it|test|describe|suite)\.(only|skip|todo|skipIf|runIf)\b/;
    expect(linesMatching(tests, chosen)).toEqual([]);
  });
});
