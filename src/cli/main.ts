import { IiiError } from '../base/errors.ts';
import type { CommandSpec } from './command.ts';
import { Context } from './context.ts';
import { CommandInput } from './input.ts';
import { ClosedPipe, type Io, processIo } from './io.ts';
import { loadPaint } from './output/color.ts';
import { parseArguments } from './parse.ts';
import { describeFailure, failureJson, statusOf } from './report.ts';
import { resolveSettings } from './settings.ts';
import { findCommand } from './tree.ts';

export { processIo };

/** Width of help where there is no terminal to ask. */
const DEFAULT_WIDTH = 100;

/**
 * Runs one call of the command line to its end.
 * @param argv the words after `iii`
 * @returns the exit status
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    const parsed = parseArguments(argv, Math.max(20, io.stdout.columns ?? DEFAULT_WIDTH));
    if (parsed.kind === 'help') {
      await io.stdout.write(parsed.text);
      return 0;
    }
    if (parsed.kind === 'version') {
      return await runCommand(commandNamed('version'), [], parsed.options, io);
    }
    return await runCommand(parsed.spec, parsed.args, parsed.options, io);
  } catch (thrown) {
    return fail(thrown, argv, io);
  }
}

async function runCommand(
  spec: CommandSpec,
  args: readonly string[],
  options: Readonly<Record<string, unknown>>,
  io: Io,
): Promise<number> {
  const settings = await resolveSettings(options, io, spec.formats);
  const interrupt = new AbortController();
  const context = new Context(io, settings, interrupt.signal);
  const release = spec.ownsSignals === true ? undefined : watchSignals(io, context, interrupt);
  try {
    const { run } = await spec.load();
    return (await run(context, new CommandInput(spec, args, options))) ?? 0;
  } finally {
    release?.();
    await context.close();
  }
}

/** The first Ctrl-C cancels waiting, the second ends at once. */
function watchSignals(io: Io, context: Context, interrupt: AbortController): () => void {
  return io.onSignal((signal) => {
    const status = signal === 'SIGINT' ? 130 : 143;
    if (interrupt.signal.aborted) io.exitNow(status);
    interrupt.abort(
      new IiiError('INTERRUPTED', 'stopped waiting', {
        reason: signal === 'SIGINT' ? 'Ctrl-C was pressed' : 'the process was asked to stop',
        hint: context.afterInterrupt ?? 'nothing was changed by stopping here',
      }),
    );
  });
}

async function fail(thrown: unknown, argv: readonly string[], io: Io): Promise<number> {
  if (thrown instanceof ClosedPipe) return 0;
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

function commandNamed(name: string): CommandSpec {
  const spec = findCommand([name]);
  if (spec === undefined) throw new Error(`there is no command '${name}'`);
  return spec;
}
