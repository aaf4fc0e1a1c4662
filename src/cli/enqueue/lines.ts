import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Context } from '../context.ts';
import { describeSource, openInput, unreadable } from '../payload.ts';
import { reasonOf } from '../wait.ts';

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

/** A file of lines that is read as it is needed. */
export interface LineSource {
  readonly name: string;
  readonly lines: AsyncIterable<Line>;
  /** Share of the file that has been read; `undefined` when its size is not known. */
  share(): number | undefined;
}

/** Opens the file of `--ndjson`; empty lines are left out. */
export function openLines(context: Context, file: string): LineSource {
  const stream = openInput(context, file);
  const size = file === '-' ? undefined : sizeOf(resolve(context.io.cwd, file));
  let read = 0;
  stream.on('data', (chunk: Buffer | string) => {
    read += chunk.length;
  });
  stream.pause();
  return {
    name: describeSource(file),
    lines: readLines(context, stream, file),
    share: () => (size === undefined || size === 0 ? undefined : read / size),
  };
}

async function* readLines(
  context: Context,
  stream: ReturnType<typeof openInput>,
  file: string,
): AsyncGenerator<Line> {
  const failed = new Promise<never>((_, reject) => {
    stream.once('error', (cause) => reject(unreadable(file, cause)));
    context.signal.addEventListener('abort', () => reject(reasonOf(context.signal)));
  });
  failed.catch(() => undefined);
  const reader = createInterface({ input: stream, crlfDelay: Infinity });
  const iterator = reader[Symbol.asyncIterator]();
  let number = 0;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), failed]);
      if (next.done === true) return;
      number += 1;
      const text = number === 1 ? next.value.replace(/^\ufeff/, '') : next.value;
      if (text.trim() !== '') yield { number, text };
    }
  } finally {
    reader.close();
    stream.destroy();
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}
