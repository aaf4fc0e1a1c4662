import type { Clock } from '../../base/clock.ts';
import type { Io, OutputStream } from '../io.ts';
import type { Settings } from '../settings.ts';
import { loadPaint, type Paint, plain, type Tone } from './color.ts';
import { printable, printableLines } from './escape.ts';
import { writeJson } from './json.ts';
import { noProgress, type Progress, startProgress } from './progress.ts';
import { type Cell, type Column, renderTable } from './table.ts';
import { textWidth } from './width.ts';
import { wrap } from './wrap.ts';
import { createWords, type Words } from './words.ts';
import { writeYaml } from './yaml.ts';

/** How the rows of a list look. */
export interface ListView<Row> {
  readonly columns: readonly Column<Row>[];
  /** What `-o name` prints for a row. */
  readonly name: (row: Row) => string;
  /** Said on stderr when a table would have no rows. */
  readonly empty: string;
}

export type Section =
  | { readonly title?: string; readonly fields: readonly (readonly [string, Cell])[] }
  | {
      readonly title: string;
      readonly tone?: Tone;
      readonly text: string;
      /** Sentences, which may be broken between words; otherwise lines stay as they are. */
      readonly isProse?: true;
    }
  | { readonly title: string; readonly table: Promise<string> };

/** How one thing looks. */
export interface RecordView<Value> {
  readonly name: (value: Value) => string;
  readonly sections: (value: Value, look: Look) => readonly Section[];
}

export interface Look {
  readonly paint: Paint;
  readonly words: Words;
  /** Lays out a table that belongs to a record. */
  readonly table: <Row>(rows: readonly Row[], columns: readonly Column<Row>[]) => Promise<string>;
}

/** Columns by which what belongs to a titled section is indented. */
const INDENT = 2;
/** Columns between the name of a field and its value. */
const GAP = 2;
/** Begins a line with a command to copy, which is never broken. */
const COMMAND = '-> ';

/** Everything a command prints. Results go to stdout in the chosen format, the rest to stderr. */
export class Output {
  readonly format: string;
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  readonly #settings: Settings;
  readonly #env: Io['env'];
  readonly #clock: Clock;
  readonly #words: Words;

  constructor(io: Io, settings: Settings) {
    this.format = settings.format;
    this.#stdout = io.stdout;
    this.#stderr = io.stderr;
    this.#settings = settings;
    this.#env = io.env;
    this.#clock = io.clock;
    this.#words = createWords(settings.time, () => io.clock.now());
  }

  /** Whether the result is meant for people. */
  get forPeople(): boolean {
    return this.format === 'table';
  }

  get words(): Words {
    return this.#words;
  }

  /** Prints a whole list. */
  async list<Row>(rows: readonly Row[], view: ListView<Row>): Promise<void> {
    await this.pages(onePage(rows), view);
  }

  /** Prints a list that comes in pages: machine formats as the pages come, tables at the end. */
  async pages<Row>(pages: AsyncIterable<readonly Row[]>, view: ListView<Row>): Promise<number> {
    const gathered: Row[] = [];
    let count = 0;
    for await (const page of pages) {
      if (this.format === 'ndjson' || this.format === 'name') {
        const lines = page.map((row) =>
          this.format === 'name' ? printable(view.name(row)) : writeJson(row, false),
        );
        if (lines.length > 0) await this.#stdout.write(`${lines.join('\n')}\n`);
      } else gathered.push(...page);
      count += page.length;
    }
    if (this.format === 'ndjson' || this.format === 'name') return count;
    if (this.forPeople) await this.#table(gathered, view);
    else await this.value(gathered);
    return count;
  }

  /** Prints one thing. */
  async record<Value>(
    value: Value,
    view: RecordView<Value>,
    machine: unknown = value,
  ): Promise<void> {
    if (this.format === 'name') await this.#stdout.write(`${printable(view.name(value))}\n`);
    else if (!this.forPeople) await this.value(machine);
    else {
      const look = await this.look();
      const parts: string[] = [];
      for (const section of view.sections(value, look))
        parts.push(await layOut(section, look.paint, this.#stdout.columns));
      await this.#stdout.write(parts.join('\n'));
    }
  }

  /** Prints what was done: a sentence for people, the object for machines, a name for `-o name`. */
  async done(value: unknown, sentence: string, name: string): Promise<void> {
    if (this.forPeople) await this.#stdout.write(`${printableLines(sentence)}\n`);
    else if (this.format === 'name') await this.#stdout.write(`${printableLines(name)}\n`);
    else await this.value(value);
  }

  /** Prints a value in a machine format; JSON is indented on a terminal. */
  async value(value: unknown): Promise<void> {
    await this.#stdout.write(
      this.format === 'yaml'
        ? await writeYaml(value)
        : `${writeJson(value, this.format !== 'ndjson' && this.#stdout.isTerminal)}\n`,
    );
  }

  /** One object on one line of stdout, whatever the format. */
  async jsonLine(value: unknown): Promise<void> {
    await this.#stdout.write(`${writeJson(value, false)}\n`);
  }

  /** Text for people on stdout, already safe to print. */
  async text(text: string): Promise<void> {
    await this.#stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Lays a table out without printing it. */
  async table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Promise<string> {
    const { paint, words } = await this.look();
    return renderTable(rows, columns, { paint, words, width: this.#stdout.columns });
  }

  /** A remark on stderr; not with `--quiet`. */
  async note(text: string): Promise<void> {
    if (!this.#settings.quiet) await this.problem(printableLines(text));
  }

  /** A line on stderr that is also there with `--quiet`. */
  async problem(text: string): Promise<void> {
    await this.#stderr.write(`${text}\n`).catch(() => undefined);
  }

  /** Paint for stdout. */
  async paint(): Promise<Paint> {
    return loadPaint(this.#settings.color, this.#env, this.#stdout);
  }

  /** Paint for stderr. */
  async stderrPaint(): Promise<Paint> {
    return loadPaint(this.#settings.color, this.#env, this.#stderr);
  }

  progress(text: string): Progress {
    return this.#settings.quiet ? noProgress : startProgress(this.#stderr, this.#clock, text);
  }

  async #table<Row>(rows: readonly Row[], view: ListView<Row>): Promise<void> {
    if (rows.length === 0) await this.note(view.empty);
    else await this.#stdout.write(await this.table(rows, view.columns));
  }

  /** How things look on stdout as wide as it is now. */
  async look(): Promise<Look> {
    const paint = this.forPeople
      ? await loadPaint(this.#settings.color, this.#env, this.#stdout)
      : plain;
    const words = this.#words;
    const columns = this.#stdout.columns;
    const width = columns === undefined ? undefined : columns - INDENT;
    return {
      paint,
      words,
      table: (rows, shown) => renderTable(rows, shown, { paint, words, width }),
    };
  }
}

async function layOut(
  section: Section,
  paint: Paint,
  columns = Number.POSITIVE_INFINITY,
): Promise<string> {
  const tone = 'tone' in section ? section.tone : undefined;
  const title =
    section.title === undefined
      ? ''
      : `${paint(tone ?? 'strong', wrapLines(section.title, columns))}\n`;
  if ('text' in section) {
    const text = printableLines(section.text);
    const shown = section.isProse === true ? wrapLines(text, columns - INDENT) : text;
    return `${title}${indentLines(shown)}\n`;
  }
  if ('table' in section) return `${title}${indentLines((await section.table).trimEnd())}\n`;
  const width = Math.max(...section.fields.map(([label]) => textWidth(label)));
  const lines = section.fields.map(([label, cell]) => {
    const { text, tone } =
      typeof cell === 'object' && cell !== null ? cell : { text: cell, tone: undefined };
    const line = text === null ? '' : printable(String(text));
    const room = columns - width - GAP;
    const beside = wrapLines(line, room);
    // an id or a name that is longer than the room beside its label is whole below it
    const isBelow = beside.split('\n').some((part) => textWidth(part) > room);
    const shown = isBelow
      ? `\n${indentLines(wrapLines(line, columns - INDENT))}`
      : beside.replaceAll('\n', `\n${' '.repeat(width + GAP)}`);
    const painted = tone === undefined ? shown : paint(tone, shown);
    const padding = ' '.repeat(isBelow ? 0 : width - textWidth(label) + GAP);
    return `${paint('dim', label)}${padding}${painted}`.trimEnd();
  });
  return `${title}${section.title === undefined ? lines.join('\n') : indentLines(lines.join('\n'))}\n`;
}

/** Breaks lines between words where they are too long; what is to be copied stays whole. */
function wrapLines(text: string, width: number): string {
  const lines = text.split('\n');
  return lines.map((line) => (line.startsWith(COMMAND) ? line : wrap(line, width))).join('\n');
}

function indentLines(text: string): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(INDENT));
}

async function* onePage<Row>(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  yield rows;
}
