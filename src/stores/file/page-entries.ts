import { PageDamage } from './page-file.ts';
import { MOST_KEY_BYTES, NODE, PAGE, readNumber } from './page-layout.ts';

/** Compares two keys, each a part of a buffer: negative when the first comes before the second. */
export type Compare = (
  a: Buffer,
  aAt: number,
  aEnd: number,
  b: Buffer,
  bAt: number,
  bEnd: number,
) => number;

/** How many entries a page has. @throws PageDamage when that cannot be, or when it is less than `least` */
export function countEntries(page: Buffer, least: number): number {
  const lower = page.readUInt16LE(PAGE.lower);
  const upper = page.readUInt16LE(PAGE.upper);
  if (lower % 2 !== 0 || lower > upper || PAGE.bytes + upper > page.length || lower < 2 * least) {
    throw damage(page, `its room is from ${lower} to ${upper}`);
  }
  return lower >>> 1;
}

/** Where an entry of a page begins. @throws PageDamage when that is not inside the page */
export function nodeAt(page: Buffer, at: number): number {
  const node = PAGE.bytes + page.readUInt16LE(PAGE.bytes + 2 * at);
  if (node >= PAGE.bytes + page.readUInt16LE(PAGE.upper) && node + NODE.bytes <= page.length) {
    return node;
  }
  throw damage(page, `its entry ${at} is not inside it`);
}

/** @throws PageDamage when LMDB could not have written a key of this length */
export function checkKey(page: Buffer, at: number, keyAt: number, keyEnd: number): void {
  const bytes = keyEnd - keyAt;
  if (bytes > 0 && bytes <= MOST_KEY_BYTES) return;
  throw damage(page, `its entry ${at} has a key of ${bytes} bytes`);
}

/** Entries lie side by side at the end of a page. @throws PageDamage when these `bytes` do not fill it */
export function checkFilled(page: Buffer, bytes: number): void {
  if (bytes + PAGE.bytes + page.readUInt16LE(PAGE.upper) === page.length) return;
  throw damage(page, 'its entries overlap or have gaps');
}

/** What is wrong with this page, which has its own number. */
export function damage(page: Buffer, problem: string): PageDamage {
  return new PageDamage(readNumber(page, PAGE.number), problem);
}

/** As LMDB orders keys: byte by byte, the shorter first. Written out: most keys have a few bytes. */
export function compareBytes(
  a: Buffer,
  aAt: number,
  aEnd: number,
  b: Buffer,
  bAt: number,
  bEnd: number,
): number {
  let [left, right] = [aAt, bAt];
  for (; left < aEnd && right < bEnd; left++, right++) {
    const apart = (a[left] ?? 0) - (b[right] ?? 0);
    if (apart !== 0) return apart;
  }
  return aEnd - aAt - (bEnd - bAt);
}

/** The keys of the list of free pages: numbers of transactions. */
export function compareNumbers(
  a: Buffer,
  aAt: number,
  _aEnd: number,
  b: Buffer,
  bAt: number,
): number {
  return readNumber(a, aAt) - readNumber(b, bAt);
}
