import type { Io } from '../io.ts';
import type { Size } from './screen.ts';

/**
 * The other screen, so that what was there before comes back; no cursor, and no line that goes on in the
 * next one: terminals differ in how wide some pictures are.
 */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const CLEAR = '\u001b[2J';
const END_OF_LINE = '\u001b[K';

/** A whole terminal to draw on, which is given back as it was. */
export class Terminal {
  readonly #io: Io;
  #isEntered = false;
  /** What is on the screen, as far as that is known. */
  #shown: readonly string[] = [];
  #size: Size | undefined;

  constructor(io: Io) {
    this.#io = io;
  }

  async enter(): Promise<void> {
    this.#isEntered = true;
    this.forget();
    this.#io.setRawKeys(true);
    await this.#io.stdout.write(ENTER);
  }

  async leave(): Promise<void> {
    this.#isEntered = false;
    this.#io.setRawKeys(false);
    await this.#io.stdout.write(LEAVE);
  }

  /** The next drawing writes every line: something else may have written on the screen. */
  forget(): void {
    this.#size = undefined;
  }

  /** Shows these lines, and writes only those that are new: a slow terminal has little to do then. */
  async draw(lines: readonly string[], size: Size): Promise<void> {
    if (!this.#isEntered) return;
    const isNew = this.#size?.columns !== size.columns || this.#size.rows !== size.rows;
    const before = isNew ? [] : this.#shown;
    const changed = lines.flatMap((line, at) =>
      // emptied first: behind a line that is full it would take the last character along
      line === before[at] ? [] : [`\u001b[${at + 1};1H${END_OF_LINE}${line}`],
    );
    this.#shown = lines;
    this.#size = size;
    const text = (isNew ? CLEAR : '') + changed.join('');
    if (text !== '') await this.#io.stdout.write(text);
  }
}
