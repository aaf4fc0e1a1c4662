import type { Paint, Tone } from './color.ts';
import { printable } from './escape.ts';
import { cutText, textWidth } from './width.ts';
import type { Words } from './words.ts';

export type Cell = string | number | null | { readonly text: string | number; readonly tone: Tone };

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row, words: Words) => Cell;
  readonly align?: 'right';
  /** The lower, the earlier it gives way on a narrow terminal. */
  readonly importance: number;
  /** Narrowest useful width; a column without it is shown whole or not at all. */
  readonly min?: number;
  /** Width, as far as its texts need it, that it keeps while there are columns that are only nice to have. */
  readonly wanted?: number;
  /**
   * Meant to be copied: cut only where it would push nearly everything else out. The most important
   * column has a line of its own then, above the rest of its row, and is cut only to that; so does the
   * second, where it is meant to be copied too and still does not fit.
   */
  readonly copied?: true;
}

interface Laid {
  readonly texts: readonly string[];
  readonly tones: readonly (Tone | undefined)[];
  readonly width: number;
  readonly min: number;
  readonly wanted: number;
  readonly copied: boolean;
  readonly importance: number;
  readonly align: 'left' | 'right';
}

const GAP = 2;
/** Columns that are less important than this are only nice to have. */
const NEEDED = 50;
/** Columns that have to fit for one that is meant to be copied to be shown whole. */
const BESIDE_COPIED = 3;
/** A line of its own is not cut below this, since an id has 36 characters; a narrower terminal wraps it. */
const OWN_LINE = 36;
/** Columns by which a row is indented that is below a line of its own. */
const INDENT = 2;

/** The library looks at every cell for each: the time for all rows at once grows with their square. */
const ROWS_AT_ONCE = 100;

/** Lays rows out in aligned columns under a heading; `width` undefined means nothing is cut. */
export async function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  look: { readonly paint: Paint; readonly words: Words; readonly width: number | undefined },
): Promise<string> {
  const laid = columns.map((column) => layColumn(column, rows, look.words));
  const limit = look.width ?? Number.POSITIVE_INFINITY;
  const { above, beside } = fitColumns(laid, limit);
  const lines = await layLines(beside, rows.length, look.paint);
  const shown = lines.flatMap((rest, line) => [
    ...above.map((column, at) => ownLine(column, line, at === 0 ? 0 : INDENT, limit, look.paint)),
    above.length === 0 ? rest : `${' '.repeat(INDENT)}${rest}`,
  ]);
  return `${shown.map((line) => line.trimEnd()).join('\n')}\n`;
}

function ownLine(column: Laid, line: number, indent: number, limit: number, paint: Paint): string {
  const room = Math.max(limit, OWN_LINE) - indent;
  return (
    ' '.repeat(indent) + paintCell(column, line, cutText(column.texts[line] ?? '', room), paint)
  );
}

/** The lines of a table that has been laid out, and how many of them its heading has, and each of its rows. */
export function splitTable(
  text: string,
  rows: number,
): { readonly lines: readonly string[]; readonly linesPerRow: number } {
  const lines = text.replace(/\n$/, '').split('\n');
  return { lines, linesPerRow: lines.length / (rows + 1) };
}

/** The heading and the rows, each as one line. */
async function layLines(
  fitted: readonly Fitted[],
  rows: number,
  paint: Paint,
): Promise<readonly string[]> {
  const { default: Table } = await import('cli-table3');
  const lines: string[] = [];
  for (let from = 0; from <= rows; from += ROWS_AT_ONCE) {
    const table = new Table({
      chars: NO_BORDERS,
      style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
      colWidths: fitted.map(({ width }) => width),
      colAligns: fitted.map(({ column }) => column.align),
    });
    for (let line = from; line < Math.min(from + ROWS_AT_ONCE, rows + 1); line++) {
      table.push(
        fitted.map(({ column, width }) =>
          paintCell(column, line, cutText(column.texts[line] ?? '', width), paint),
        ),
      );
    }
    lines.push(...table.toString().split('\n'));
  }
  return lines;
}

function paintCell({ tones }: Laid, line: number, text: string, paint: Paint): string {
  const tone = line === 0 ? 'dim' : tones[line];
  return tone === undefined || text === '' ? text : paint(tone, text);
}

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' '.repeat(GAP),
};

function layColumn<Row>(column: Column<Row>, rows: readonly Row[], words: Words): Laid {
  const texts = [column.title];
  const tones: (Tone | undefined)[] = [undefined];
  for (const row of rows) {
    const cell = column.value(row, words);
    const whole =
      typeof cell === 'object' && cell !== null ? cell : { text: cell, tone: undefined };
    texts.push(whole.text === null ? '' : printable(String(whole.text)));
    tones.push(whole.tone);
  }
  const width = texts.reduce((widest, text) => Math.max(widest, textWidth(text)), 0);
  return {
    texts,
    tones,
    width,
    min: Math.min(column.min ?? width, width),
    wanted: Math.min(column.wanted ?? column.min ?? width, width),
    copied: column.copied === true,
    importance: column.importance,
    align: column.align ?? 'left',
  };
}

interface Fitted {
  readonly column: Laid;
  readonly width: number;
}

interface Layout {
  /** Columns that have a line of their own above each row. */
  readonly above: readonly Laid[];
  readonly beside: readonly Fitted[];
}

/** Shrinks the least important columns first, then leaves them out, until the rest fits. */
function fitColumns(columns: readonly Laid[], limit: number): Layout {
  const whole = columns.map((column) =>
    column.copied ? { ...column, min: column.width, wanted: column.width } : column,
  );
  const [first, second] = [...whole].sort((a, b) => b.importance - a.importance);
  // two that are to be copied say nothing about how things are
  const least =
    first?.copied === true && second?.copied === true ? BESIDE_COPIED + 1 : BESIDE_COPIED;
  const beside = fit(whole, limit, Math.min(least, columns.length));
  if (beside !== undefined) return { above: [], beside };
  if (first?.copied !== true) return { above: [], beside: fit(columns, limit, 1) ?? [] };
  const without = (from: readonly Laid[], ...gone: readonly Laid[]): readonly Laid[] =>
    from.filter(({ texts }) => gone.every((column) => column.texts !== texts));
  const room = limit - INDENT;
  if (second?.copied !== true) {
    return { above: [first], beside: fit(without(columns, first), room, 1) ?? [] };
  }
  const besideFirst = fit(without(whole, first), room, BESIDE_COPIED);
  if (besideFirst !== undefined) return { above: [first], beside: besideFirst };
  return { above: [first, second], beside: fit(without(columns, first, second), room, 1) ?? [] };
}

/** The same without cutting more than allowed; `undefined` when fewer than `least` columns fit. */
function fit(
  columns: readonly Laid[],
  limit: number,
  least: number,
): readonly Fitted[] | undefined {
  const byImportance = [...columns].sort((a, b) => a.importance - b.importance);
  for (let dropped = 0; dropped <= columns.length - least; dropped++) {
    const kept = new Set(byImportance.slice(dropped));
    const isEasy = (byImportance[dropped]?.importance ?? NEEDED) < NEEDED;
    const widths = shrink([...kept], limit, ({ min, wanted }) => (isEasy ? wanted : min));
    if (widths !== undefined || kept.size === 1) {
      return columns
        .filter((column) => kept.has(column))
        .map((column) => ({ column, width: widths?.get(column) ?? Math.min(column.width, limit) }));
    }
  }
  return undefined;
}

/** @param least how narrow a column may become */
function shrink(
  byImportance: readonly Laid[],
  limit: number,
  least: (column: Laid) => number,
): Map<Laid, number> | undefined {
  const widths = new Map(byImportance.map((column) => [column, column.width]));
  let excess = GAP * (byImportance.length - 1) - limit;
  for (const column of byImportance) excess += column.width;
  for (const column of byImportance) {
    if (excess <= 0) break;
    const given = Math.min(excess, column.width - least(column));
    widths.set(column, column.width - given);
    excess -= given;
  }
  return excess <= 0 ? widths : undefined;
}
