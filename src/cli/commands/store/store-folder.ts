import { resolve } from 'node:path';
import { DEFAULT_STORE_PATH } from '../../../config/keys.ts';
import type { Context } from '../../context.ts';
import type { CommandInput } from '../../input.ts';

/** The folder a command is about: the one named, or where an engine without configuration keeps jobs. */
export function storeFolder({ io }: Context, input: CommandInput): string {
  return resolve(io.cwd, input.optionalArgument('folder') ?? DEFAULT_STORE_PATH);
}
