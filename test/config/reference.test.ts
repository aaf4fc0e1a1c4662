import { describe, expect, it } from 'vitest';
import { referenceFiles } from '../../scripts/reference-files.ts';
import { REFERENCE } from '../../scripts/reference-tables.ts';
import { textOf } from './config-fixture.ts';

describe('the reference of the configuration', () => {
  it.each(referenceFiles())('$path is what `npm run generate` writes', async ({ path, make }) => {
    const text = textOf(`../../${path}`);
    expect(text).toBe(await make(text));
  });

  it('has every table', () => {
    const pages = ['configuration', 'migration'].map((name) => textOf(`../../docs/${name}.md`));
    const shown = [...pages.join('').matchAll(/<!-- table: (.+?) -->/g)].map(([, name]) => name);
    expect(shown.toSorted()).toEqual(Object.keys(REFERENCE).toSorted());
  });
});
