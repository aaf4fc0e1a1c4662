import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { messageOf } from '../base/errors.ts';
import type { Context } from './context.ts';
import type { CommandInput } from './input.ts';
import { checkJson } from './json-input.ts';
import { usageError } from './usage.ts';
import { reasonOf } from './wait.ts';

/** Silence on standard input after which we say what we wait for. */
const EXPLAIN_AFTER_MS = 2_000;

/** A payload given by one of several names of the same option, a file, or what is piped in; else `{}`. */
export async function readPayload(
  context: Context,
  input: CommandInput,
  names: readonly string[] = ['data'],
): Promise<string> {
  const given = names.filter((name) => input.text(name) !== undefined);
  const file = input.text('file');
  const [name] = given;
  if (given.length + (file === undefined ? 0 : 1) > 1) {
    throw usageError(
      'the payload is given twice',
      'give --data or --file, not both',
      'it would not be clear which of them is meant',
    );
  }
  if (name !== undefined) {
    const text = input.text(name) ?? '';
    checkJson(text, '--data');
    return text;
  }
  if (file !== undefined) {
    const text = await readAll(context, file);
    checkJson(text, describeSource(file));
    return text;
  }
  if (context.io.stdinKind !== 'piped') return '{}';
  const text = await readAll(context, '-');
  if (text.trim() === '') return '{}';
  checkJson(text, describeSource('-'));
  return text;
}

/** Opens a file named on the command line; `-` is standard input. */
export function openInput(context: Context, file: string): Readable {
  const { io } = context;
  if (file !== '-') return createReadStream(resolve(io.cwd, file));
  if (io.stdinKind === 'terminal') {
    throw usageError(
      'nothing is piped in',
      'pipe it in, as in: cat jobs.ndjson | iii enqueue …',
      'standard input is a terminal',
    );
  }
  return io.stdin;
}

export function describeSource(file: string): string {
  return file === '-' ? 'standard input' : file;
}

/** A file that cannot be read, as an error for people. */
export function unreadable(file: string, cause: unknown): Error {
  return usageError(
    `${describeSource(file)} cannot be read`,
    'check the path and its permissions',
    messageOf(cause),
  );
}

async function readAll(context: Context, file: string): Promise<string> {
  const stream = openInput(context, file);
  const chunks: Buffer[] = [];
  const cancel = context.clock.after(EXPLAIN_AFTER_MS, () => {
    if (file !== '-' || chunks.length > 0) return;
    void context.output.note(
      'waiting for the payload on standard input; give --data to send one without it',
    );
  });
  const abort = (): void => {
    stream.destroy(reasonOf(context.signal));
  };
  context.signal.addEventListener('abort', abort, { once: true });
  try {
    for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  } catch (cause) {
    if (context.signal.aborted) throw reasonOf(context.signal);
    throw unreadable(file, cause);
  } finally {
    cancel();
    context.signal.removeEventListener('abort', abort);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/^\ufeff/, '');
}
