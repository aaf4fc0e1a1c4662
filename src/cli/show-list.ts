import type { Context } from './context.ts';
import type { CommandInput } from './input.ts';
import type { ListView } from './output/output.ts';
import { writeCount } from '../base/count.ts';
import { pause } from './wait.ts';

const INTERVAL_MS = 1_000;
/** Cursor home, then erase to the end of the screen. */
const REDRAW = '\u001b[H\u001b[J';
/** Lines of the screen that are not the table's: a remark, and the one the cursor is left on. */
const OTHER_LINES = 2;

/** A list as it is now. */
export interface Listing<Row> {
  readonly rows: readonly Row[];
  readonly view: ListView<Row>;
  /** Said on stderr after the rows. */
  readonly note?: string | undefined;
  /** What machine formats get, where that is not the rows. */
  readonly machine?: unknown;
}

/**
 * Shows a list; with `--watch` again every second until Ctrl-C. On a terminal each one is drawn over
 * the one before and cut to the height of the screen; elsewhere they follow each other.
 */
export async function showList<Row>(
  context: Context,
  input: CommandInput,
  ask: () => Promise<Listing<Row>>,
): Promise<number> {
  const { output, io } = context;
  const watches = input.flag('watch');
  const redraws = watches && output.forPeople && io.stdout.isTerminal;
  for (;;) {
    const listing = await ask();
    if (redraws) await io.stdout.write(REDRAW);
    await print(context, redraws ? await cutToScreen(listing, context) : listing);
    if (!watches) return 0;
    await pause(context.clock, INTERVAL_MS, context.signal);
  }
}

async function print<Row>({ output }: Context, listing: Listing<Row>): Promise<void> {
  const { rows, view, note, machine } = listing;
  if (machine === undefined || output.forPeople || output.format === 'name') {
    await output.list(rows, view);
  } else await output.value(machine);
  if (note !== undefined) await output.note(note);
}

async function cutToScreen<Row>(
  listing: Listing<Row>,
  { io, output }: Context,
): Promise<Listing<Row>> {
  const { rows, view } = listing;
  const linesOf = async (shown: readonly Row[]): Promise<number> =>
    (await output.table(shown, view.columns)).trimEnd().split('\n').length;
  const height = (io.stdout.rows ?? Infinity) - OTHER_LINES;
  let room = Math.max(1, Math.min(rows.length, height - 1));
  // one by one: without a row whose name is long the others may need fewer lines
  while (room > 1 && (await linesOf(rows.slice(0, room))) > height) room--;
  const more = rows.length - room;
  if (more <= 0) return listing;
  const note = `${writeCount(more)} more ${more === 1 ? 'does' : 'do'} not fit on the screen`;
  return { ...listing, rows: rows.slice(0, room), note };
}
