import { IiiError } from '../base/errors.ts';
import type { CommandSpec } from './command.ts';
import { Context } from './context.ts';
import { CommandInput } from './input.ts';
import type { Io } from './io.ts';
import { resolveSettings } from './settings.ts';

/**
 * Runs one command with its settings, its way to the engine and its signals.
 * @returns the exit status
 */
export async function runCommand(
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
