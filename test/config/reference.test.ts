import { describe, expect, it } from 'vitest';
import { textOf } from './config-fixture.ts';
import { fillTables, REFERENCE } from './reference.ts';

/** A table without the padding that makes its columns line up in the file. */
function squeeze(text: string): string {
  return text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
}

describe('docs/configuration.md', () => {
  const page = textOf('../../docs/configuration.md');

  it('has the keys, values and defaults of the code', () => {
    expect(squeeze(page)).toBe(squeeze(fillTables(page)));
  });

  it('has every table', () => {
    const shown = [...page.matchAll(/<!-- table: (.+?) -->/g)].map(([, name]) => name);
    expect(shown.toSorted()).toEqual(Object.keys(REFERENCE).toSorted());
  });
});
