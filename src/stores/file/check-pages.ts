import type { Compare } from './page-entries.ts';
import {
  checkFilled,
  checkKey,
  compareBytes,
  compareNumbers,
  countEntries,
  damage,
  nodeAt,
} from './page-entries.ts';
import type { PageFile } from './page-file.ts';
import { PageDamage } from './page-file.ts';
import {
  META,
  MOST_LEVELS,
  NO_PAGE,
  NODE,
  NODE_KIND,
  OVERFLOW,
  PAGE,
  PAGE_KIND,
  readNumber,
  TREE,
} from './page-layout.ts';
import { TABLES } from './tables.ts';

/** The state that a file is to be opened in: what one of its two first pages says. */
export interface Snapshot {
  readonly meta: Buffer;
  /** Number of that page. */
  readonly metaPage: number;
  readonly lastPage: number;
  readonly transaction: number;
}

/** A page still to be looked at. Keys in it are at least `from`, and less than `to`. */
interface Below {
  readonly page: number;
  readonly from: Buffer | null;
  readonly to: Buffer | null;
}

/** An entry of a leaf, which begins at `node`: its key is at `keyAt`, its data or where that is at `dataAt`. */
type VisitEntry = (page: Buffer, node: number, keyAt: number, dataAt: number) => void;

interface Tree {
  readonly root: number;
  readonly levels: number;
  readonly entries: number;
  readonly compare: Compare;
  /** Whether its leaves have trees instead of records. */
  readonly hasTrees: boolean;
  readonly visit: VisitEntry | null;
}

/**
 * Looks at every page that can be reached from a snapshot, and at the list of free ones. LMDB trusts
 * its pages: with a wrong number in one it ends the process, reads elsewhere, or writes over what is
 * in use. What the records say is not looked at; they have checksums of their own.
 * @throws PageDamage at the first page that is not as LMDB writes it
 */
export function checkPages(file: PageFile, snapshot: Snapshot): void {
  new PageCheck(file, snapshot).run();
}

class PageCheck {
  readonly #file: PageFile;
  readonly #snapshot: Snapshot;
  /** One bit for each page that was reached. */
  readonly #used: Uint8Array;

  constructor(file: PageFile, snapshot: Snapshot) {
    this.#file = file;
    this.#snapshot = snapshot;
    this.#used = new Uint8Array((snapshot.lastPage >>> 3) + 1);
    this.#used[0] = 0b11;
  }

  run(): void {
    const { meta, metaPage } = this.#snapshot;
    const tables: Tree[] = [];
    this.#walk({
      ...readTree(meta, META.mainTree, metaPage),
      hasTrees: true,
      visit: (page, _node, keyAt, dataAt) => {
        const number = readNumber(page, PAGE.number);
        checkName(page.toString('latin1', keyAt, dataAt), number);
        tables.push(readTree(page, dataAt, number));
      },
    });
    for (const table of tables) this.#walk(table);
    const lists: Buffer[] = [];
    this.#walk({
      ...readTree(meta, META.freeTree, metaPage),
      compare: compareNumbers,
      visit: (page, node, keyAt, dataAt) => {
        if (dataAt - keyAt !== 8) throw damage(page, 'it has a key of the wrong length');
        lists.push(this.#dataOf(page, node, dataAt));
      },
    });
    // only now is it known which pages are in use
    for (const list of lists) this.#checkFree(list);
  }

  #walk(tree: Tree): void {
    if (tree.levels === 0) return;
    const entries = this.#descend(tree, { page: tree.root, from: null, to: null }, 1);
    if (entries === tree.entries) return;
    throw new PageDamage(tree.root, `its tree has ${entries} of ${tree.entries} entries`);
  }

  /** Goes through a page and all below it, from left to right. Answers how many entries there are. */
  #descend(tree: Tree, below: Below, level: number): number {
    const page = this.#take(below.page);
    const kind = page.readUInt16LE(PAGE.flags);
    const isLeaf = level === tree.levels;
    if (kind !== (isLeaf ? PAGE_KIND.leaf : PAGE_KIND.branch)) {
      throw damage(page, `it is of kind ${kind}, and at level ${level} of ${tree.levels}`);
    }
    if (isLeaf) return this.#checkLeaf(tree, page, below);
    let entries = 0;
    for (const child of childrenOf(tree, page, below)) {
      entries += this.#descend(tree, child, level + 1);
    }
    return entries;
  }

  #checkLeaf(tree: Tree, page: Buffer, below: Below): number {
    const count = countEntries(page, 1);
    const { from, to } = below;
    let lastAt = 0;
    let lastEnd = 0;
    let bytes = 0;
    for (let at = 0; at < count; at++) {
      const node = nodeAt(page, at);
      const keyAt = node + NODE.bytes;
      const dataAt = keyAt + page.readUInt16LE(node + NODE.keyBytes);
      const kind = page.readUInt16LE(node + NODE.flags);
      const dataBytes = page.readUInt32LE(node + NODE.size);
      const isTree = kind === NODE_KIND.tree && dataBytes === TREE.bytes;
      if (isTree !== tree.hasTrees || (!isTree && kind > NODE_KIND.overflow)) {
        throw damage(page, `its entry ${at} is of kind ${kind}`);
      }
      const end = dataAt + (kind === NODE_KIND.overflow ? OVERFLOW.bytes : dataBytes);
      checkKey(page, at, keyAt, dataAt);
      if (end > page.length) throw damage(page, `its entry ${at} goes beyond its end`);
      bytes += (end - node + 1) & ~1;
      if (kind === NODE_KIND.overflow) this.#takeOverflow(page, dataAt, dataBytes);
      if (at > 0 && tree.compare(page, lastAt, lastEnd, page, keyAt, dataAt) >= 0) {
        throw damage(page, `its entry ${at} is out of order`);
      }
      lastAt = keyAt;
      lastEnd = dataAt;
    }
    checkFilled(page, bytes);
    const firstAt = nodeAt(page, 0) + NODE.bytes;
    const firstEnd = firstAt + page.readUInt16LE(firstAt - NODE.bytes + NODE.keyBytes);
    if (
      (from !== null && tree.compare(page, firstAt, firstEnd, from, 0, from.length) < 0) ||
      (to !== null && tree.compare(page, lastAt, lastEnd, to, 0, to.length) >= 0)
    ) {
      throw damage(page, 'its entries belong elsewhere');
    }
    if (tree.visit !== null) visitLeaf(page, count, tree.visit);
    return count;
  }

  /** Marks the pages of a record that is not in its leaf. */
  #takeOverflow(leaf: Buffer, at: number, dataBytes: number): void {
    const first = readNumber(leaf, at + OVERFLOW.page);
    const pages = readNumber(leaf, at + OVERFLOW.pages);
    const needed = Math.ceil((PAGE.bytes + dataBytes) / this.#file.pageBytes);
    // a record that was made shorter in the transaction that wrote it keeps the pages it had
    if (pages < needed || first + pages - 1 > this.#snapshot.lastPage) {
      throw damage(leaf, `an entry has ${pages} pages of its own from ${first} on`);
    }
    for (let page = first; page < first + pages; page++) this.#mark(page);
    const header = this.#file.bytesOf(first, 0, PAGE.bytes);
    this.#checkHeader(header, first);
    const isWhole =
      header.readUInt16LE(PAGE.flags) === PAGE_KIND.overflow &&
      header.readUInt32LE(PAGE.pages) === pages;
    if (!isWhole) throw new PageDamage(first, `it does not begin ${pages} pages of one record`);
    this.#file.bytesOf(first + pages - 1, this.#file.pageBytes - 1, 1);
  }

  #dataOf(leaf: Buffer, node: number, at: number): Buffer {
    const bytes = leaf.readUInt32LE(node + NODE.size);
    if (leaf.readUInt16LE(node + NODE.flags) === NODE_KIND.overflow) {
      return this.#file.bytesOf(readNumber(leaf, at + OVERFLOW.page), PAGE.bytes, bytes);
    }
    return Buffer.from(leaf.subarray(at, at + bytes));
  }

  /** A list of free pages: its length, then numbers, each after its negative count if it is a range. */
  #checkFree(list: Buffer): void {
    const { metaPage, lastPage } = this.#snapshot;
    const length = list.length < 8 ? Infinity : readNumber(list, 0);
    if ((length + 1) * 8 > list.length) {
      throw new PageDamage(metaPage, 'its list of free pages is too long');
    }
    let count = 1;
    for (let at = 8; at < (length + 1) * 8; at += 8) {
      const value = Number(list.readBigInt64LE(at));
      if (value === 0) continue;
      if (value < 0) {
        count = -value;
        continue;
      }
      if (value < 2 || value + count - 1 > lastPage) {
        throw new PageDamage(metaPage, `its list of free pages has page ${value}`);
      }
      for (let page = value; page < value + count; page++) {
        if (this.#isUsed(page)) throw new PageDamage(page, 'it is in use, and listed as free');
      }
      count = 1;
    }
  }

  /** A page of a tree, which no other page refers to. */
  #take(number: number): Buffer {
    if (!(number <= this.#snapshot.lastPage)) {
      throw new PageDamage(this.#snapshot.metaPage, `page ${number} is needed and cannot exist`);
    }
    this.#mark(number);
    const page = this.#file.page(number);
    this.#checkHeader(page, number);
    return page;
  }

  #checkHeader(page: Buffer, number: number): void {
    const own = readNumber(page, PAGE.number);
    if (own !== number) throw new PageDamage(number, `it says that it is page ${own}`);
    const transaction = readNumber(page, PAGE.transaction);
    if (transaction <= this.#snapshot.transaction) return;
    throw new PageDamage(number, `it says that it is of transaction ${transaction}`);
  }

  #mark(page: number): void {
    if (this.#isUsed(page)) throw new PageDamage(page, 'it is referred to twice');
    this.#used[page >>> 3] = (this.#used[page >>> 3] ?? 0) | (1 << (page & 7));
  }

  #isUsed(page: number): boolean {
    return ((this.#used[page >>> 3] ?? 0) & (1 << (page & 7))) !== 0;
  }
}

function readTree(bytes: Buffer, at: number, page: number): Tree {
  const levels = bytes.readUInt16LE(at + TREE.depth);
  const root = readNumber(bytes, at + TREE.root);
  if (levels > MOST_LEVELS || root >= NO_PAGE !== (levels === 0)) {
    throw new PageDamage(page, `a tree in it has ${levels} levels`);
  }
  const entries = readNumber(bytes, at + TREE.entries);
  return { root, levels, entries, compare: compareBytes, hasTrees: false, visit: null };
}

function checkName(name: string, page: number): void {
  // LMDB keeps the byte that ends a name
  if (TABLES.some((table) => `${table}\0` === name)) return;
  throw new PageDamage(page, 'it names a table that no store has');
}

function childrenOf(tree: Tree, page: Buffer, below: Below): readonly Below[] {
  const count = countEntries(page, 2);
  const children: { page: number; from: Buffer | null; to: Buffer | null }[] = [];
  let { from } = below;
  let bytes = 0;
  for (let at = 0; at < count; at++) {
    const node = nodeAt(page, at);
    const keyAt = node + NODE.bytes;
    const keyEnd = keyAt + page.readUInt16LE(node + NODE.keyBytes);
    if (keyEnd > page.length) throw damage(page, `its entry ${at} goes beyond its end`);
    bytes += (keyEnd - node + 1) & ~1;
    // the first key stands for all that are less than the second
    if (at > 0) {
      checkKey(page, at, keyAt, keyEnd);
      const key = Buffer.from(page.subarray(keyAt, keyEnd));
      if (from !== null && tree.compare(from, 0, from.length, key, 0, key.length) >= 0) {
        throw damage(page, `its entry ${at} is out of order`);
      }
      const before = children[at - 1];
      if (before !== undefined) before.to = key;
      from = key;
    }
    const number =
      page.readUInt32LE(node + NODE.size) + page.readUInt16LE(node + NODE.flags) * 2 ** 32;
    children.push({ page: number, from, to: below.to });
  }
  checkFilled(page, bytes);
  const last = children.at(-1);
  if (
    last?.from &&
    below.to &&
    tree.compare(last.from, 0, last.from.length, below.to, 0, below.to.length) >= 0
  ) {
    throw damage(page, 'its entries belong elsewhere');
  }
  return children;
}

function visitLeaf(page: Buffer, count: number, visit: VisitEntry): void {
  // a visit may read other pages, and a page is good until the next is read
  const leaf = Buffer.from(page);
  for (let at = 0; at < count; at++) {
    const node = nodeAt(leaf, at);
    const keyAt = node + NODE.bytes;
    visit(leaf, node, keyAt, keyAt + leaf.readUInt16LE(node + NODE.keyBytes));
  }
}
