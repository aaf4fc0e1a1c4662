import type { Context } from '../context.ts';
import { loadPaint } from '../output/color.ts';

const INDENT = '   ';

/** Tells a person what happens, step by step, each with the command that would do it; else silent. */
export class Story {
  readonly #context: Context;
  #steps = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  async step(title: string, ...commands: readonly string[]): Promise<void> {
    const { output, io, settings } = this.#context;
    if (!output.forPeople) return;
    const paint = await loadPaint(settings.color, io.env, io.stdout);
    this.#steps += 1;
    const lines = [
      ...(this.#steps === 1 ? [] : ['']),
      paint('strong', `${this.#steps}. ${title}`),
      ...commands.map((command) => paint('dim', `${INDENT}$ ${command}`)),
    ];
    await output.text(lines.join('\n'));
  }

  async say(sentence: string): Promise<void> {
    const { output, io } = this.#context;
    if (!output.forPeople) return;
    const width = (io.stdout.columns ?? Number.POSITIVE_INFINITY) - INDENT.length;
    await output.text(
      breakLines(sentence, width)
        .map((line) => INDENT + line)
        .join('\n'),
    );
  }
}

/** Breaks a sentence between words; a word that is too long stays whole. */
function breakLines(sentence: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of sentence.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
