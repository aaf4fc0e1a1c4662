import type { Io } from './io.ts';
import { loadPaint } from './output/color.ts';
import { describeFailure, failureJson, statusOf } from './report.ts';

/** Prints what ended a call, in the form the call asked for; answers the exit status. */
export async function reportFailure(
  thrown: unknown,
  argv: readonly string[],
  io: Io,
): Promise<number> {
  const debug = argv.includes('--debug');
  const text = wantsJson(argv, io)
    ? failureJson(thrown, debug)
    : describeFailure(thrown, debug, await loadPaint(colorChoice(argv), io.env, io.stderr));
  await io.stderr.write(`${text}\n`).catch(() => undefined);
  return statusOf(thrown);
}

/** Whether failures are for a program; asked of the words themselves, for they may not parse. */
function wantsJson(argv: readonly string[], io: Io): boolean {
  const format = valueOf(argv, '--output') ?? valueOf(argv, '-o') ?? io.env['III_OUTPUT'];
  return argv.includes('--json') || format === 'json' || format === 'ndjson';
}

function colorChoice(argv: readonly string[]): 'auto' | 'always' | 'never' {
  const choice = valueOf(argv, '--color');
  return choice === 'always' || choice === 'never' ? choice : 'auto';
}

function valueOf(argv: readonly string[], option: string): string | undefined {
  const joined = option.startsWith('--') ? `${option}=` : option;
  for (const [index, word] of argv.entries()) {
    if (word === option) return argv[index + 1];
    if (word.startsWith(joined)) return word.slice(joined.length);
  }
  return undefined;
}
