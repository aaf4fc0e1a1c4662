import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exitStatusOf } from '../../src/base/errors.ts';

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** The codes of the table in the source, in its order. */
function codesInSource(): readonly string[] {
  const source = read('src/base/errors.ts');
  const table = source.slice(source.indexOf('const EXIT_STATUS'), source.indexOf('} as const'));
  return [...table.matchAll(/^ {2}(\w+): \d+,/gm)].map(([, code]) => code ?? '');
}

describe('docs/errors.md', () => {
  const rows = [...read('docs/errors.md').matchAll(/^\| `(\w+)` +\| (\d+) +\| (.+?) +\|$/gm)].map(
    ([, code = '', status, meaning]) => ({ code, status: Number(status), meaning }),
  );

  it('has every code once, in the order of the source', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.map(({ code }) => code)).toEqual(codesInSource());
  });

  it('gives each code the exit status that the command line gives it', () => {
    expect(rows.map(({ code, status }) => [code, status])).toEqual(
      rows.map(({ code }) => [code, exitStatusOf(code)]),
    );
  });
});
