import { resolve } from 'node:path';
import { IiiError } from '../../../base/errors.ts';
import { Secret } from '../../../base/secret.ts';
import type { RunCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { changeContexts } from '../../contexts/change-contexts.ts';
import {
  type EngineContext,
  findContext,
  isContextName,
  readContexts,
} from '../../contexts/contexts-file.ts';
import type { CommandInput } from '../../input.ts';
import { normaliseUrl } from '../../target.ts';
import { readTokenFile } from '../../token.ts';
import { contradiction, usageError } from '../../usage.ts';

/** A token is one line; more than this is something else. */
const MAX_TOKEN_BYTES = 4_096;

export const run: RunCommand = async (context, input) => {
  const name = input.argument('name');
  if (!isContextName(name)) {
    throw usageError(
      `'${name}' is not a name for a context`,
      'use letters, digits, . _ and -, beginning with a letter or digit',
      'it has another character, or is empty or too long',
    );
  }
  const contexts = await readContexts(context.io);
  const before = findContext(contexts, name);
  if (before !== undefined && !input.flag('replace')) {
    throw new IiiError('CONFLICT', `there is a context '${name}' already`, {
      reason: `it is ${before.url}`,
      hint: 'put this one in its place with --replace, or choose another name',
    });
  }
  const url = normaliseUrl(
    input.required('url', `${name} --url wss://queues.example.com`),
    '--url',
  );
  const about: EngineContext = { name, url, ...(await readToken(context, input)) };
  const isUsed = input.flag('use') || contexts.current === name;
  const after = {
    current: isUsed ? name : contexts.current,
    all: [...contexts.all.filter((one) => one !== before), about],
  };
  const now = isUsed ? ', and in use' : `; use it with: iii context use ${name}`;
  await changeContexts(context, input, {
    about,
    after,
    sentence: `${name} is ${url}${now}.`,
    dryRun: `${name} would be ${url}${isUsed ? ', and in use' : ''}.`,
  });
  return 0;
};

/** The path of the token, or the token itself; a token is never an argument, where others see it. */
async function readToken(
  context: Context,
  input: CommandInput,
): Promise<Pick<EngineContext, 'token' | 'tokenFile'>> {
  const file = input.text('tokenFile');
  if (input.flag('tokenStdin')) {
    if (file !== undefined) throw contradiction('--token-file and --token-stdin');
    return { token: await readPipedToken(context), tokenFile: null };
  }
  if (file === undefined) return { token: null, tokenFile: null };
  const path = resolve(context.io.cwd, file);
  readTokenFile(path, { value: file, origin: '--token-file' });
  return { token: null, tokenFile: path };
}

async function readPipedToken({ io }: Context): Promise<Secret> {
  if (io.stdinKind !== 'piped') {
    throw usageError(
      'no token is piped in',
      'pipe it in, as in: cat token | iii context add … --token-stdin',
      'what is typed on a terminal could be seen there',
    );
  }
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of io.stdin as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes > MAX_TOKEN_BYTES)
      throw usageError(
        'what is piped in is too long for a token',
        'pipe in the token alone, as iii token create prints it',
        `it has more than ${MAX_TOKEN_BYTES} bytes`,
      );
  }
  const text = Buffer.concat(parts).toString('utf8').trim();
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw usageError(
      'what is piped in is not a token',
      'pipe in the token alone, as iii token create prints it',
      'a token is one line of printable characters, without spaces',
    );
  }
  return new Secret(text);
}
