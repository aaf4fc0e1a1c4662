import type { Context } from './context.ts';
import type { CommandInput } from './input.ts';
import type { ListView, Output } from './output/output.ts';
import { writeCount } from './output/words.ts';
import { usageError } from './usage.ts';

interface Answer<Row> {
  readonly rows: readonly Row[];
  /** `null` when nobody counted. */
  readonly total: number | null;
  readonly nextCursor: string | null;
}

/** Asks for one page. */
export type FetchPage<Row> = (page: {
  readonly limit: number;
  readonly cursor?: string;
}) => Promise<Answer<Row>>;

const DEFAULT_LIMIT = 50;
/** Rows asked for at once when everything is wanted. */
const CHUNK = 500;

/** Prints one page of a list, or with `--all` every page; says on stderr how to go on. */
export async function printPages<Row>(
  context: Context,
  input: CommandInput,
  view: ListView<Row>,
  fetch: FetchPage<Row>,
): Promise<void> {
  const all = input.flag('all');
  const limit = input.count('limit', 1) ?? (all ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT);
  const { output } = context;
  let cursor = input.text('cursor');
  if (cursor === '') throw usageError('--cursor is empty', 'take it from the footer of a list');
  let left = limit;
  let last: Answer<Row> | undefined;

  async function* read(): AsyncGenerator<readonly Row[]> {
    do {
      const wanted = Math.min(left, CHUNK);
      last = await fetch({ limit: wanted, ...(cursor === undefined ? {} : { cursor }) });
      left -= last.rows.length;
      cursor = last.nextCursor ?? undefined;
      yield last.rows;
    } while (cursor !== undefined && left > 0);
  }

  const printed = await output.pages(read(), view);
  if (last !== undefined) await sayMore(output, printed, last);
}

async function sayMore(output: Output, printed: number, last: Answer<unknown>): Promise<void> {
  if (last.nextCursor === null) return;
  await output.note(
    `${writeCount(printed)}${last.total === null ? '' : ` of ${writeCount(last.total)}`}; next: --cursor ${last.nextCursor}`,
  );
}
