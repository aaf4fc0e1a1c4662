import { ClosedPipe, type Io, processIo } from './io.ts';
import { requestedHelp } from './help.ts';

export { processIo };

/** Width of help where there is no terminal to ask. */
const DEFAULT_WIDTH = 100;

/**
 * Runs one call of the command line to its end. What a call does not need is not loaded: help comes
 * up as fast as the process itself.
 * @param argv the words after `iii`
 * @returns the exit status
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const width = Math.max(20, io.stdout.columns ?? DEFAULT_WIDTH);
  try {
    const help = requestedHelp(argv, width);
    if (help === undefined) return await parseAndRun(argv, io, width);
    await io.stdout.write(help);
    return 0;
  } catch (thrown) {
    if (thrown instanceof ClosedPipe) return 0;
    const { reportFailure } = await import('./report-failure.ts');
    return reportFailure(thrown, argv, io);
  }
}

async function parseAndRun(argv: readonly string[], io: Io, width: number): Promise<number> {
  const { parseArguments } = await import('./parse.ts');
  const parsed = parseArguments(argv, width);
  if (parsed.kind === 'help') {
    await io.stdout.write(parsed.text);
    return 0;
  }
  const { runCommand } = await import('./run-command.ts');
  return runCommand(parsed.spec, parsed.args, parsed.options, io);
}
