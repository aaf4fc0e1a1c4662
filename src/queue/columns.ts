/**
 * The compact index of jobs: one row per job, one typed array per fact, in pages. Growing adds a
 * page and copies nothing; a page whose rows are all free is given back.
 */

const PAGE_BITS = 14;
export const ROWS_PER_PAGE = 1 << PAGE_BITS;
const ROW_MASK = ROWS_PER_PAGE - 1;

/** No row: what a lookup answers when there is none. */
export const NO_ROW = -1;

/** One fact of every row. Rows that were never set read as 0. */
export class Column<Page extends Float64Array | Uint32Array> {
  readonly #pages: (Page | undefined)[] = [];
  readonly #make: (length: number) => Page;

  constructor(make: (length: number) => Page) {
    this.#make = make;
  }

  get(row: number): number {
    return this.#pages[row >>> PAGE_BITS]?.[row & ROW_MASK] ?? 0;
  }

  set(row: number, value: number): void {
    const page = this.#pages[row >>> PAGE_BITS];
    if (page !== undefined) page[row & ROW_MASK] = value;
  }

  /** The values of one page, for passes over all rows; `undefined` when it was given back. */
  page(page: number): Page | undefined {
    return this.#pages[page];
  }

  /** Sets every row to 0. */
  clear(): void {
    for (const page of this.#pages) page?.fill(0);
  }

  addPage(page: number): void {
    this.#pages[page] = this.#make(ROWS_PER_PAGE);
  }

  dropPage(page: number): void {
    this.#pages[page] = undefined;
  }
}

/** Four signed 32-bit words per row: the job's UUID. Signed ones stay small integers in V8. */
export class IdColumn {
  readonly #pages: (Int32Array | undefined)[] = [];

  word(row: number, index: number): number {
    return this.#pages[row >>> PAGE_BITS]?.[((row & ROW_MASK) << 2) + index] ?? 0;
  }

  set(row: number, words: Int32Array): void {
    const page = this.#pages[row >>> PAGE_BITS];
    if (page === undefined) return;
    const at = (row & ROW_MASK) << 2;
    for (let index = 0; index < 4; index++) page[at + index] = words[index] ?? 0;
  }

  holds(row: number, words: Int32Array): boolean {
    const page = this.#pages[row >>> PAGE_BITS];
    if (page === undefined) return false;
    const at = (row & ROW_MASK) << 2;
    return (
      page[at] === words[0] &&
      page[at + 1] === words[1] &&
      page[at + 2] === words[2] &&
      page[at + 3] === words[3]
    );
  }

  addPage(page: number): void {
    this.#pages[page] = new Int32Array(ROWS_PER_PAGE * 4);
  }

  dropPage(page: number): void {
    this.#pages[page] = undefined;
  }
}

interface PageUse {
  used: number;
  /** First of the page's freed rows plus 1; 0 when there is none. Chained through `position`. */
  freed: number;
  /** Rows of the page from here on were never used. */
  fresh: number;
}

const numbers = (): Column<Float64Array> => new Column((length) => new Float64Array(length));
const counts = (): Column<Uint32Array> => new Column((length) => new Uint32Array(length));

export class Columns {
  readonly id = new IdColumn();
  readonly seq = numbers();
  readonly enqueuedAt = numbers();
  readonly dueAt = numbers();
  /** In flight: when leased. Dead: when failed. Finished: when ended. Otherwise 0. */
  readonly stampAt = numbers();
  /** Place in the order of deaths; 0 unless dead. */
  readonly deathOrder = numbers();
  readonly state = counts();
  /** One of `HOLD`: why the row is out of reach although its state says otherwise. */
  readonly hold = counts();
  readonly attempts = counts();
  readonly interruptions = counts();
  readonly epoch = counts();
  readonly priority = counts();
  /** Slot of the lane: queue and function in one. */
  readonly lane = counts();
  /** Slot of the group plus 1; 0 without one. */
  readonly group = counts();
  /** Index in the one heap the row is in, plus 1; 0 when it is in none. */
  readonly position = counts();
  /** Place of what it died of, see `KnownCauses`; 0 unless dead and asked for. */
  readonly cause = counts();

  readonly #all = [
    this.id,
    this.seq,
    this.enqueuedAt,
    this.dueAt,
    this.stampAt,
    this.deathOrder,
    this.state,
    this.hold,
    this.attempts,
    this.interruptions,
    this.epoch,
    this.priority,
    this.lane,
    this.group,
    this.position,
    this.cause,
  ];
  readonly #uses: (PageUse | undefined)[] = [];
  /** Pages with room. */
  readonly #open: number[] = [];
  /** Page numbers given back. */
  readonly #vacant: number[] = [];

  /** A row for the caller to fill: every column of it is stale except `state`, `hold` and `position`, which are 0. */
  allocate(): number {
    const page = this.#open.at(-1) ?? this.#addPage();
    const use = this.#useOf(page);
    let row: number;
    if (use.freed === 0) {
      row = page * ROWS_PER_PAGE + use.fresh++;
    } else {
      row = use.freed - 1;
      use.freed = this.position.get(row);
      this.position.set(row, 0);
    }
    use.used++;
    if (use.used === ROWS_PER_PAGE) this.#open.pop();
    return row;
  }

  free(row: number): void {
    const page = row >>> PAGE_BITS;
    const use = this.#useOf(page);
    this.state.set(row, 0);
    this.hold.set(row, 0);
    this.position.set(row, use.freed);
    use.freed = row + 1;
    if (use.used === ROWS_PER_PAGE) this.#open.push(page);
    use.used--;
    if (use.used === 0 && this.#open.length > 1) this.#dropPage(page);
  }

  /** Calls `visit` with every row whose state is not 0. */
  forEach(visit: (row: number) => void): void {
    for (let page = 0; page < this.pages; page++) this.forEachOf(page, visit);
  }

  /** Pages there are, those that were given back included. */
  get pages(): number {
    return this.#uses.length;
  }

  /** Calls `visit` with every row of one page whose state is not 0. */
  forEachOf(page: number, visit: (row: number) => void): void {
    const first = page * ROWS_PER_PAGE;
    const end = first + (this.#uses[page]?.fresh ?? 0);
    for (let row = first; row < end; row++) {
      if (this.state.get(row) !== 0) visit(row);
    }
  }

  #useOf(page: number): PageUse {
    const use = this.#uses[page];
    if (use === undefined) throw new RangeError(`no page ${page}`);
    return use;
  }

  #addPage(): number {
    const page = this.#vacant.pop() ?? this.#uses.length;
    for (const column of this.#all) column.addPage(page);
    this.#uses[page] = { used: 0, freed: 0, fresh: 0 };
    this.#open.push(page);
    return page;
  }

  #dropPage(page: number): void {
    for (const column of this.#all) column.dropPage(page);
    this.#uses[page] = undefined;
    this.#open.splice(this.#open.indexOf(page), 1);
    this.#vacant.push(page);
  }
}
