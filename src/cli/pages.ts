import type { Context } from './context.ts';
import type { CommandInput } from './input.ts';
import type { ListView } from './output/output.ts';
import { writeCount } from '../base/count.ts';
import { showList } from './show-list.ts';
import { contradiction, usageError } from './usage.ts';

interface Answer<Row> {
  readonly rows: readonly Row[];
  /** `null` when nobody counted. */
  readonly total: number | null;
  readonly nextCursor: string | null;
}

/** Asks for one page; the connection is opened by the first one, when the options have been judged. */
export type FetchPage<Row> = (page: {
  readonly limit: number;
  readonly cursor?: string;
}) => Promise<Answer<Row>>;

const DEFAULT_LIMIT = 50;
/** Rows asked for at once when everything is wanted. */
const CHUNK = 500;

/**
 * Prints one page of a list, or with `--all` every page as it comes; says on stderr how to go on.
 * With `--watch` the page is shown again every second.
 */
export async function printPages<Row>(
  context: Context,
  input: CommandInput,
  view: ListView<Row>,
  fetch: FetchPage<Row>,
): Promise<number> {
  const all = input.flag('all');
  const limit = input.count('limit', 1) ?? (all ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT);
  const { output } = context;
  const start = input.text('cursor');
  if (start === '')
    throw usageError(
      '--cursor is empty',
      'take it from the footer of a list, or leave it out',
      'it does not say where the page before ended',
    );
  if (input.flag('watch')) {
    if (all) throw contradiction('--watch and --all', 'give --limit instead');
    return showList(context, input, async () => {
      const rows: Row[] = [];
      let last: Answer<Row> | undefined;
      for await (const answer of readPages(fetch, limit, start)) {
        rows.push(...answer.rows);
        last = answer;
      }
      return { rows, view, note: moreText(rows.length, last) };
    });
  }
  let last: Answer<Row> | undefined;
  const read = async function* (): AsyncGenerator<readonly Row[]> {
    for await (const answer of readPages(fetch, limit, start)) {
      last = answer;
      yield answer.rows;
    }
  };
  const note = moreText(await output.pages(read(), view), last);
  if (note !== undefined) await output.note(note);
  return 0;
}

/** Answers one after the other until `limit` rows are there or nothing is left. */
async function* readPages<Row>(
  fetch: FetchPage<Row>,
  limit: number,
  start: string | undefined,
): AsyncGenerator<Answer<Row>> {
  let left = limit;
  let cursor = start;
  do {
    const wanted = Math.min(left, CHUNK);
    const answer = await fetch({ limit: wanted, ...(cursor === undefined ? {} : { cursor }) });
    left -= answer.rows.length;
    cursor = answer.nextCursor ?? undefined;
    yield answer;
  } while (cursor !== undefined && left > 0);
}

function moreText(printed: number, last: Answer<unknown> | undefined): string | undefined {
  if (last === undefined || last.nextCursor === null) return undefined;
  const total = last.total === null ? '' : ` of ${writeCount(last.total)}`;
  return `${writeCount(printed)}${total}; next: --cursor ${last.nextCursor}`;
}
