import type { Context } from '../context.ts';
import { loadPaint } from '../output/color.ts';

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
      ...commands.map((command) => paint('dim', `   $ ${command}`)),
    ];
    await output.text(lines.join('\n'));
  }

  async say(sentence: string): Promise<void> {
    if (this.#context.output.forPeople) await this.#context.output.text(`   ${sentence}`);
  }
}
