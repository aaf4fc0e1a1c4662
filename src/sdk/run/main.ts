import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { messageOf } from '../../base/errors.ts';
import { InvocationError } from '../errors.ts';
import { registerWorker } from '../register-worker.ts';
import type { Worker } from '../worker.ts';
import type { HookData } from './hooks.ts';
import { loadFiles } from './load-files.ts';
import type { FromRun, RunningFunction, StartRun, ToRun } from './messages.ts';

/*
 * The process of `iii worker run`: loads the files, runs what they offer, and drains when it is told
 * to stop or when the command that started it is gone.
 */

/** Time for running calls when the command is gone and cannot say how long. */
const ORPHAN_GRACE_MS = 30_000;

let worker: Worker | undefined;

process.on('message', (message: ToRun) => {
  if (message.kind === 'stop') void stop(message.graceMs);
  else void start(message);
});
process.on('disconnect', () => void stop(ORPHAN_GRACE_MS));
// A signal to the whole process group reaches the command too, and that says how to stop.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

async function start(run: StartRun): Promise<void> {
  try {
    watchLoading();
    const functions = await loadFiles(run.files);
    worker = registerWorker(run.url, {
      ...(run.token === null ? {} : { token: run.token }),
      ...(run.name === null ? {} : { name: run.name }),
      ...(run.concurrency === null ? {} : { concurrency: run.concurrency }),
      onProblem: ({ message }) => {
        tell({ kind: 'problem', message });
      },
    });
    const running: RunningFunction[] = [];
    for (const { id, handler, options, triggers, warnings } of functions) {
      for (const message of warnings) tell({ kind: 'problem', message });
      worker.registerFunction(id, handler, options);
      for (const { type, config, metadata, condition } of triggers) {
        worker.registerTrigger({ type, function_id: id, config, metadata, condition });
      }
      running.push({ id, triggers: triggers.map(({ type }) => type) });
    }
    await worker.ready();
    tell({ kind: 'ready', functions: running });
  } catch (thrown) {
    const stack = thrown instanceof Error ? (thrown.stack ?? null) : null;
    const code = thrown instanceof InvocationError ? thrown.code : null;
    tell({ kind: 'failed', code, message: messageOf(thrown), stack }, () => process.exit(1));
  }
}

async function stop(graceMs: number): Promise<void> {
  await worker?.shutdown({ graceMs });
  process.exit(0);
}

/** Gives files our SDK, and tells which of them are loaded. */
function watchLoading(): void {
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (url: string) => {
    tell({ kind: 'loaded', path: fileURLToPath(url) });
  });
  port1.unref();
  const data: HookData = { sdkUrl: new URL('../sdk.js', import.meta.url).href, port: port2 };
  register<HookData>(new URL('./hooks.js', import.meta.url), { data, transferList: [port2] });
}

function tell(message: FromRun, then: () => void = () => undefined): void {
  // The command may be gone; then there is nobody to tell.
  if (process.connected) process.send?.(message, then);
  else then();
}
