import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { IiiError, messageOf } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import type { Io } from '../io.ts';
import { userFolder } from '../user-folder.ts';

/** An engine that has a name. */
export interface EngineContext {
  readonly name: string;
  readonly url: string;
  /** Where its token comes from each time; an absolute path. */
  readonly tokenFile: string | null;
  /** Its token, kept in the file of contexts. Only one of the two is set. */
  readonly token: Secret | null;
}

/** The user's engines, in the order of their names. */
export interface Contexts {
  /** The one in use where nothing else names an engine. */
  readonly current: string | null;
  readonly all: readonly EngineContext[];
}

const NONE: Contexts = { current: null, all: [] };
const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;
const KEYS = ['url', 'token_file', 'token'];

export function isContextName(name: string): boolean {
  return NAME.test(name);
}

export function findContext(contexts: Contexts, name: string): EngineContext | undefined {
  return contexts.all.find((context) => context.name === name);
}

/** What there is, for hints. */
export function listNames({ all }: Contexts): string {
  return all.length === 0
    ? 'there are none yet: iii context add <name> --url <address>'
    : `the contexts: ${all.map(({ name }) => name).join(', ')}`;
}

/** Reads the user's contexts. Without a file, or without a home, there are none. */
export async function readContexts(io: Io): Promise<Contexts> {
  const path = contextsPath(io);
  if (path === null || !existsSync(path)) return NONE;
  const { parse } = await import('yaml');
  try {
    return readTree(parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    // The library's own message shows the lines around a mistake, and a token may be among them.
    const reason = cause instanceof Mistake ? cause.message : 'it cannot be read as YAML';
    throw new IiiError('CONFIG_INVALID', `the contexts in ${path} cannot be read`, {
      reason,
      hint: 'mend the file, or move it away and add the contexts again',
    });
  }
}

/** Replaces the user's contexts, in one step, readable for nobody else. */
export async function writeContexts(io: Io, { current, all }: Contexts): Promise<void> {
  const path = contextsPath(io);
  if (path === null) {
    throw new IiiError('USAGE', 'there is no place to keep contexts in', {
      reason: 'neither XDG_CONFIG_HOME nor HOME is set',
      hint: 'set HOME, or name the engine with --url',
    });
  }
  const { stringify } = await import('yaml');
  const sorted = [...all].sort((one, other) => (one.name < other.name ? -1 : 1));
  const contexts = Object.fromEntries(sorted.map((context) => [context.name, asTree(context)]));
  const text = stringify({ ...(current === null ? {} : { current }), contexts });
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // A link stays one: the file it leads to is replaced.
    await replaceFile(existsSync(path) ? realpathSync(path) : path, text);
  } catch (cause) {
    throw new IiiError('OUTPUT_FAILED', `the contexts in ${path} could not be written`, {
      reason: messageOf(cause),
      hint: 'check the permissions of the folder; what was there is unchanged',
      cause,
    });
  }
}

function contextsPath(io: Io): string | null {
  const folder = userFolder(io);
  return folder === null ? null : join(folder, 'contexts.yaml');
}

async function replaceFile(path: string, text: string): Promise<void> {
  const written = `${path}.${randomUUID()}`;
  try {
    const file = await open(written, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(written, path);
  } catch (thrown) {
    await rm(written, { force: true });
    throw thrown;
  }
}

function asTree({ url, tokenFile, token }: EngineContext): Readonly<Record<string, string>> {
  return {
    url,
    ...(tokenFile === null ? {} : { token_file: tokenFile }),
    ...(token === null ? {} : { token: token.reveal() }),
  };
}

/** Something in the file that means nothing. Its message quotes no values. */
class Mistake extends Error {}

function readTree(tree: unknown): Contexts {
  const { current = null, contexts = {}, ...others } = asRecord(tree, 'the file');
  for (const key of Object.keys(others)) throw new Mistake(`it has an unknown key '${key}'`);
  const all = Object.entries(asRecord(contexts, "'contexts'")).map(([name, entry]) =>
    readEntry(name, entry),
  );
  if (current === null) return { current, all };
  if (typeof current !== 'string' || !all.some(({ name }) => name === current)) {
    throw new Mistake("'current' names none of its contexts");
  }
  return { current, all };
}

function readEntry(name: string, entry: unknown): EngineContext {
  if (!NAME.test(name)) throw new Mistake(`'${name}' is not a name for a context`);
  const values = asRecord(entry, `'${name}'`);
  for (const [key, value] of Object.entries(values)) {
    if (!KEYS.includes(key)) throw new Mistake(`'${name}' has an unknown key '${key}'`);
    if (typeof value !== 'string') throw new Mistake(`'${key}' of '${name}' is not a text`);
  }
  const { url, token_file: tokenFile, token } = values as Readonly<Record<string, string>>;
  if (url === undefined) throw new Mistake(`'${name}' has no url`);
  return {
    name,
    url,
    tokenFile: tokenFile ?? null,
    token: token === undefined ? null : new Secret(token),
  };
}

function asRecord(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  if (value === null || value === undefined) return {};
  throw new Mistake(`${what} is not a list of keys with values`);
}
