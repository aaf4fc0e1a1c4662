import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PageDamage, PageFile } from '../../../src/stores/file/page-file.ts';
import { newFolder } from '../../support/file-maker.ts';

const PAGE_BYTES = 4096;
/** Some chunks, and a part of one. */
const PAGES = 300;

let fd: number;
let file: PageFile;

beforeEach(() => {
  const bytes = Buffer.alloc(PAGES * PAGE_BYTES);
  for (let page = 0; page < PAGES; page++) bytes.writeUInt32LE(page, page * PAGE_BYTES);
  const path = join(newFolder(), 'pages');
  writeFileSync(path, bytes);
  fd = openSync(path, 'r');
  file = new PageFile(fd, PAGE_BYTES);
});

afterEach(() => {
  closeSync(fd);
});

function numbersOf(pages: readonly number[]): number[] {
  return pages.map((page) => {
    const bytes = file.page(page);
    expect(bytes).toHaveLength(PAGE_BYTES);
    return bytes.readUInt32LE(0);
  });
}

describe('a file of pages', () => {
  it.each<[string, (at: number) => number]>([
    ['in order', (at) => at % PAGES],
    ['backwards', (at) => PAGES - 1 - (at % PAGES)],
    ['all over the file', (at) => (at * 7919) % PAGES],
    ['by two trees in turn', (at) => ((at >> 1) + (at % 2 === 0 ? 0 : PAGES / 2)) % PAGES],
    ['with one far away now and then', (at) => (at % 10 === 9 ? (at * 31) % PAGES : at % PAGES)],
  ])('gives each page %s', (_, pageAt) => {
    const pages = Array.from({ length: 3 * PAGES }, (_, at) => pageAt(at));
    expect(numbersOf(pages)).toEqual(pages);
  });

  it.each([
    ['next in order', [PAGES - 2, PAGES - 1, PAGES]],
    ['away from the others', [PAGES + 10]],
  ])('says that a page is cut off, %s', (_, pages) => {
    expect(() => numbersOf(pages)).toThrow(PageDamage);
  });
});
