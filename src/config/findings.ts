import type { ConfigProblem } from './config.ts';
import type { ProblemCode } from './problem-codes.ts';

/** Offsets into the text as written: first character, and the one after the last. */
export type Range = readonly [start: number, end: number];

/** A place in a configuration: where in the tree, and where in the text when it came from there. */
export interface Spot {
  readonly path: string;
  readonly range: Range | null;
}

interface Finding extends Spot {
  readonly severity: 'error' | 'warning';
  readonly code: ProblemCode;
  readonly message: string;
  readonly hint: string | null;
}

/** Problems listed at most; a file that is no configuration at all would give thousands. */
const LISTED_PROBLEMS = 100;
/** Characters of a source line kept with a problem. */
const SOURCE_LENGTH = 500;

/** What a broken text does to the reading of the rest: absences after the break prove nothing. */
const CAUSED_BY_BROKEN_TEXT: ReadonlySet<ProblemCode> = new Set([
  'missing_key',
  'token_required',
  'empty_file',
]);

/** Collects everything that is wrong with one configuration, and finds its place in the text. */
export class Findings {
  readonly #file: string | null;
  readonly #text: string;
  readonly #lineStarts: readonly number[];
  readonly #findings: Finding[] = [];
  readonly #secrets: Range[] = [];
  #brokenAt = Number.POSITIVE_INFINITY;
  #errors = 0;

  constructor(file: string | null, text: string) {
    this.#file = file;
    this.#text = text;
    this.#lineStarts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  }

  get errors(): number {
    return this.#errors;
  }

  /** Whether the text is not YAML from some point on, so that the tree is not to be trusted there. */
  get isBroken(): boolean {
    return this.#brokenAt !== Number.POSITIVE_INFINITY;
  }

  error(code: ProblemCode, spot: Spot, message: string, hint: string | null = null): void {
    if (this.#isConsequence(code, spot)) return;
    this.#errors += 1;
    this.#findings.push({ severity: 'error', code, message, hint, ...spot });
  }

  warn(code: ProblemCode, spot: Spot, message: string, hint: string | null = null): void {
    if (this.#isConsequence(code, spot)) return;
    this.#findings.push({ severity: 'warning', code, message, hint, ...spot });
  }

  /** From this line on, what the tree seems to say is a consequence of broken text and not reported. */
  breakAt(offset: number): void {
    this.#brokenAt = Math.min(this.#brokenAt, this.#lineStart(offset));
  }

  /** Keeps a part of the text out of the source lines shown with problems. */
  hide(range: Range): void {
    this.#secrets.push(range);
  }

  /** The line an offset is on, counted from 1. */
  lineOf(offset: number): number {
    let [low, high] = [0, this.#lineStarts.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  /** All findings in the order of the text; those without a place come last. */
  list(): ConfigProblem[] {
    const startOf = (spot: Spot): number => spot.range?.[0] ?? Number.POSITIVE_INFINITY;
    const sorted = this.#findings.toSorted((a, b) => {
      const [first, second] = [startOf(a), startOf(b)];
      return first === second ? 0 : first - second;
    });
    const listed = sorted.slice(0, LISTED_PROBLEMS);
    if (sorted.length > LISTED_PROBLEMS) {
      listed.push({
        severity: sorted.slice(LISTED_PROBLEMS).some(({ severity }) => severity === 'error')
          ? 'error'
          : 'warning',
        code: 'too_many_problems',
        message: `${sorted.length - LISTED_PROBLEMS} more problems are not listed`,
        hint: 'Correct the first ones, then check again.',
        path: '',
        range: null,
      });
    }
    return listed.map((finding) => this.#locate(finding));
  }

  #isConsequence(code: ProblemCode, spot: Spot): boolean {
    if (!this.isBroken) return false;
    if (spot.range === null || CAUSED_BY_BROKEN_TEXT.has(code)) return true;
    return spot.range[0] >= this.#brokenAt;
  }

  #locate({ severity, code, message, hint, path, range }: Finding): ConfigProblem {
    const common = { severity, code, message, hint, path, file: this.#file };
    if (range === null) return { ...common, line: null, column: null, source: null, length: 0 };
    const [start, end] = range;
    const lineStart = this.#lineStart(start);
    const source = this.#sourceLine(lineStart);
    const column = start - lineStart + 1;
    return {
      ...common,
      line: this.lineOf(start),
      column,
      source: column <= SOURCE_LENGTH ? source.slice(0, SOURCE_LENGTH) : null,
      length: Math.max(1, Math.min(end - start, source.trimEnd().length - column + 1)),
    };
  }

  #lineStart(offset: number): number {
    return this.#lineStarts[this.lineOf(offset) - 1] ?? 0;
  }

  #sourceLine(lineStart: number): string {
    const newline = this.#text.indexOf('\n', lineStart);
    const lineEnd = newline === -1 ? this.#text.length : newline;
    let line = this.#text.slice(lineStart, lineEnd);
    for (const [from, to] of this.#secrets) {
      const start = Math.max(from, lineStart) - lineStart;
      const end = Math.min(to, lineEnd) - lineStart;
      if (start < end) line = line.slice(0, start) + '*'.repeat(end - start) + line.slice(end);
    }
    return line.replace(/\r$/, '');
  }
}
