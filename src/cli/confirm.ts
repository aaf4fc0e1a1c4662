import { createInterface } from 'node:readline/promises';
import { IiiError } from '../base/errors.ts';
import type { Context } from './context.ts';
import { printableLines } from './output/escape.ts';
import { reasonOf } from './wait.ts';

/** Jobs beyond which a plain `y` is not enough. */
const SEVERE_COUNT = 1_000;

/** What is about to be done, told before it is. */
export interface Question {
  /** What happens, as the beginning of a sentence: `Discard 3 dead jobs of payment`. */
  readonly action: string;
  /** A line for each job, or for several of a kind; the first few are shown. */
  readonly sample: readonly string[];
  /** How many jobs it is about. */
  readonly total: number;
  /** What to type when a plain `y` is not enough: the name of the queue. */
  readonly word?: string;
  /** A plain `y` is not enough, whatever the count. */
  readonly severe?: boolean;
}

/** Whether a person can be asked. */
export function canAsk(context: Context): boolean {
  return context.io.stdinKind === 'terminal' && context.io.stderr.isTerminal;
}

/** Rejects when nobody can be asked and `--yes` is missing: nothing may be destroyed by accident. */
export function confirmationNeeded(question: Question): IiiError {
  return new IiiError(
    'CONFIRMATION_NEEDED',
    `${question.action}: not confirmed, nothing was done`,
    {
      reason: 'there is no terminal to ask on',
      hint: 'add --yes to do it, or --dry-run to see what it would do',
      details: { total: question.total },
    },
  );
}

/** Shows what would happen and asks; answers whether to go on. */
export async function ask(context: Context, question: Question): Promise<boolean> {
  const { output, io } = context;
  const { context: name, url } = context.settings.target();
  const engine = name === null ? url : `${name} (${url})`;
  const shown = question.sample.slice(0, 5).map((line) => `  ${line}`);
  const more = question.sample.length - shown.length;
  if (more > 0) shown.push(`  and ${more} more`);
  await output.problem(
    printableLines([`${question.action}, in the engine ${engine}:`, ...shown].join('\n')),
  );
  const severe = question.severe === true || question.total > SEVERE_COUNT;
  const word = severe ? (question.word ?? null) : null;
  const prompt = word === null ? 'Go on? [y/N] ' : `Type ${word} to go on: `;
  const reader = createInterface({ input: io.stdin, output: io.stderr.raw, terminal: false });
  try {
    const answer = await Promise.race([
      reader.question(printableLines(prompt), { signal: context.signal }),
      new Promise<string>((resolve) => {
        reader.once('close', () => resolve(''));
      }),
    ]);
    return word === null ? /^y(es)?$/i.test(answer.trim()) : answer.trim() === word;
  } catch {
    throw reasonOf(context.signal);
  } finally {
    reader.close();
  }
}
