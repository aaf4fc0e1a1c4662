import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { IiiError, messageOf } from '../base/errors.ts';
import type { Context } from './context.ts';
import { usageError } from './usage.ts';

/** Writes what a later command reads again. @throws IiiError OUTPUT_FAILED */
export async function writeJsonFile(
  { io }: Context,
  file: string,
  what: string,
  content: unknown,
): Promise<void> {
  try {
    await writeFile(resolve(io.cwd, file), `${JSON.stringify(content, null, 1)}\n`);
  } catch (thrown) {
    throw new IiiError('OUTPUT_FAILED', `${what} cannot be written to ${file}`, {
      reason: messageOf(thrown),
      hint: 'name a file in a folder that is there and can be written',
    });
  }
}

/** What `writeJsonFile` wrote; `undefined` when it is no JSON. @throws IiiError USAGE without a file */
export async function readJsonFile({ io }: Context, file: string, what: string): Promise<unknown> {
  const text = await readFile(resolve(io.cwd, file), 'utf8').catch((thrown: unknown) => {
    throw usageError(
      `${what} ${file} cannot be read`,
      'name the file that --plan-out wrote',
      messageOf(thrown),
    );
  });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
