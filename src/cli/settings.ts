import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IiiError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { readDuration } from './input.ts';
import type { Io } from './io.ts';
import { findToken, tokenFor, type Found } from './token.ts';
import { usageError } from './usage.ts';

const OUTPUT_FORMATS = ['table', 'json', 'ndjson', 'yaml', 'name'] as const;

const DEFAULT_URL = 'ws://127.0.0.1:49134';
const DEFAULT_TIMEOUT = '30s';

/** What holds for a whole call of the command line, whatever the command. */
export interface Settings {
  readonly url: string;
  /** Where the address came from, for error messages. */
  readonly urlOrigin: string;
  /** The token for this address. Throws when it may belong to another engine (`token.ts`). */
  readonly token: () => Secret | null;
  /** Longest wait for one answer of the engine. */
  readonly timeoutMs: number;
  /** Whether somebody asked for this timeout. */
  readonly timeoutGiven: boolean;
  /** One of `OUTPUT_FORMATS`, or one that only this command has. */
  readonly format: string;
  /** Whether somebody asked for this format. */
  readonly formatGiven: boolean;
  readonly color: 'auto' | 'always' | 'never';
  readonly time: 'relative' | 'iso';
  readonly debug: boolean;
  readonly quiet: boolean;
}

type Values = Readonly<Record<string, unknown>>;

const FILE_KEYS = ['url', 'token_file', 'timeout', 'output', 'color', 'time'] as const;
type FileKey = (typeof FILE_KEYS)[number];

/**
 * Resolves each setting: option, then environment, then `./.iii.yaml`, then the user's own file,
 * then the default.
 */
export async function resolveSettings(
  options: Values,
  io: Io,
  moreFormats: readonly string[] = [],
): Promise<Settings> {
  const files = await readSettingsFiles(io);
  const find = (option: string, variable: string | null, key: FileKey): Found | undefined => {
    const given = options[option];
    if (typeof given === 'string') {
      return { value: given, origin: `--${kebab(option)}`, isOfFolder: false };
    }
    const set = variable === null ? undefined : io.env[variable];
    if (variable !== null && set) return { value: set, origin: variable, isOfFolder: false };
    return findInFiles(files, key);
  };

  const url = find('url', 'III_URL', 'url');
  const address = normaliseUrl(url?.value ?? DEFAULT_URL, url?.origin ?? 'the default');
  const ofUser = findInFiles(
    files.filter(({ isOfFolder }) => !isOfFolder),
    'url',
  );
  const token = findToken(options, io, find('tokenFile', 'III_TOKEN_FILE', 'token_file'));
  const timeout = find('timeout', 'III_TIMEOUT', 'timeout');
  const output = find('output', 'III_OUTPUT', 'output');
  return {
    url: address,
    urlOrigin: url?.origin ?? 'the default',
    token: () =>
      tokenFor(token, {
        url: address,
        origin: url?.origin ?? 'the default',
        isOfFolder:
          url?.isOfFolder === true &&
          address !== normaliseUrl(ofUser?.value ?? DEFAULT_URL, ofUser?.origin ?? 'the default'),
      }),
    timeoutMs: readDuration(timeout?.value ?? DEFAULT_TIMEOUT, timeout?.origin ?? '--timeout'),
    timeoutGiven: timeout !== undefined,
    format:
      options['json'] === true
        ? 'json'
        : choose(output, 'output format', [...OUTPUT_FORMATS, ...moreFormats], 'table'),
    formatGiven: options['json'] === true || output !== undefined,
    color: choose(find('color', null, 'color'), 'colour', ['auto', 'always', 'never'], 'auto'),
    time: choose(find('time', null, 'time'), 'time', ['relative', 'iso'], 'relative'),
    debug: options['debug'] === true,
    quiet: options['quiet'] === true,
  };
}

/** Reads an address with or without its scheme; `http` means `ws`. */
export function normaliseUrl(text: string, origin: string): string {
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `ws://${text}`;
  const wanted = withScheme.replace(/^http(s?):/i, 'ws$1:');
  if (URL.canParse(wanted)) {
    const url = new URL(wanted);
    if (url.username !== '' || url.password !== '') {
      throw usageError(
        'an address must not carry a password',
        'use --token-file or III_TOKEN',
        `the address comes from ${origin}`,
      );
    }
    if (url.protocol === 'ws:' || url.protocol === 'wss:') return wanted.replace(/\/$/, '');
  }
  throw usageError(
    `'${text}' is not an engine's address`,
    `write it like ${DEFAULT_URL}`,
    `it comes from ${origin}`,
  );
}

interface SettingsFile {
  readonly path: string;
  readonly isOfFolder: boolean;
  readonly values: Partial<Record<FileKey, string>>;
}

async function readSettingsFiles(io: Io): Promise<readonly SettingsFile[]> {
  const home = io.env['XDG_CONFIG_HOME'] ?? (io.env['HOME'] && join(io.env['HOME'], '.config'));
  const candidates = [{ path: join(io.cwd, '.iii.yaml'), isOfFolder: true }];
  if (home) candidates.push({ path: join(home, 'iii', 'config.yaml'), isOfFolder: false });
  const files: SettingsFile[] = [];
  for (const { path, isOfFolder } of candidates) {
    if (existsSync(path)) files.push({ path, isOfFolder, values: await readSettingsFile(path) });
  }
  return files;
}

function findInFiles(files: readonly SettingsFile[], key: FileKey): Found | undefined {
  for (const { path, isOfFolder, values } of files) {
    const value = values[key];
    if (value !== undefined) return { value, origin: path, isOfFolder };
  }
  return undefined;
}

/** An option as it is typed. */
function kebab(option: string): string {
  return option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

async function readSettingsFile(path: string): Promise<SettingsFile['values']> {
  const { parse } = await import('yaml');
  let tree: unknown;
  try {
    tree = parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new IiiError('CONFIG_INVALID', `the settings file ${path} cannot be read`, {
      hint: `mend it, or move it away; its keys are ${FILE_KEYS.join(', ')}`,
      cause,
    });
  }
  const values: Partial<Record<FileKey, string>> = {};
  for (const [key, value] of Object.entries(Object(tree) as Values)) {
    const known = FILE_KEYS.find((name) => name === key);
    if (known === undefined) {
      throw new IiiError('CONFIG_INVALID', `${path} has an unknown key '${key}'`, {
        hint: `its keys are ${FILE_KEYS.join(', ')}`,
      });
    }
    values[known] = String(value);
  }
  return values;
}

function choose<Choice extends string>(
  found: Found | undefined,
  what: string,
  choices: readonly Choice[],
  fallback: Choice,
): Choice {
  if (found === undefined) return fallback;
  const choice = choices.find((candidate) => candidate === found.value);
  if (choice !== undefined) return choice;
  throw usageError(
    `'${found.value}' is not a known ${what}`,
    `choose one of ${choices.join(', ')}`,
    `it comes from ${found.origin}`,
  );
}
