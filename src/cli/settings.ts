import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IiiError } from '../base/errors.ts';
import { readContexts } from './contexts/contexts-file.ts';
import { readDuration } from './input.ts';
import type { Io } from './io.ts';
import { findTarget, type Target } from './target.ts';
import type { Found } from './token.ts';
import { usageError } from './usage.ts';
import { userFolder } from './user-folder.ts';

const OUTPUT_FORMATS = ['table', 'json', 'ndjson', 'yaml', 'name'] as const;

const DEFAULT_TIMEOUT = '30s';

/** What holds for a whole call of the command line, whatever the command. */
export interface Settings {
  /** The engine. Throws when it is a context that is not there. */
  readonly target: () => Target;
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
  /** Where these come from, in words. */
  readonly origins: Readonly<Record<'timeout' | 'output' | 'color' | 'time', string>>;
}

type Values = Readonly<Record<string, unknown>>;

const FILE_KEYS = ['url', 'token_file', 'timeout', 'output', 'color', 'time'] as const;
type FileKey = (typeof FILE_KEYS)[number];

/**
 * Resolves each setting: option, then environment, then `./.iii.yaml`, then the user's own file,
 * then the default. For the engine there are contexts too (`target.ts`).
 */
export async function resolveSettings(
  options: Values,
  io: Io,
  moreFormats: readonly string[] = [],
): Promise<Settings> {
  const files = await readSettingsFiles(io);
  const ofCall = (option: string, variable: string | null): Found | undefined => {
    const given = options[option];
    if (typeof given === 'string') {
      return { value: given, origin: `--${kebab(option)}`, isOfFolder: false };
    }
    const set = variable === null ? undefined : io.env[variable];
    if (variable === null || !set) return undefined;
    return { value: set, origin: variable, isOfFolder: false };
  };
  const find = (option: string, variable: string | null, key: FileKey): Found | undefined =>
    ofCall(option, variable) ?? findInFiles(files, key);
  const [ofFolder, ofUser] = [true, false].map((isOfFolder) =>
    findInFiles(
      files.filter((file) => file.isOfFolder === isOfFolder),
      'url',
    ),
  );

  const timeout = find('timeout', 'III_TIMEOUT', 'timeout');
  const output = find('output', 'III_OUTPUT', 'output');
  const color = find('color', null, 'color');
  const time = find('time', null, 'time');
  return {
    target: findTarget(options, io, {
      ofFolder,
      ofUser,
      tokenFile: ofCall('tokenFile', 'III_TOKEN_FILE'),
      tokenFileOfFiles: findInFiles(files, 'token_file'),
      contexts: await readContexts(io),
    }),
    timeoutMs: readDuration(timeout?.value ?? DEFAULT_TIMEOUT, timeout?.origin ?? '--timeout'),
    timeoutGiven: timeout !== undefined,
    format:
      options['json'] === true
        ? 'json'
        : choose(output, 'output format', [...OUTPUT_FORMATS, ...moreFormats], 'table'),
    formatGiven: options['json'] === true || output !== undefined,
    color: choose(color, 'colour', ['auto', 'always', 'never'], 'auto'),
    time: choose(time, 'time', ['relative', 'iso'], 'relative'),
    debug: options['debug'] === true,
    quiet: options['quiet'] === true,
    origins: {
      timeout: timeout?.origin ?? 'default',
      output: options['json'] === true ? '--json' : (output?.origin ?? 'default'),
      color: color?.origin ?? 'default',
      time: time?.origin ?? 'default',
    },
  };
}

interface SettingsFile {
  readonly path: string;
  readonly isOfFolder: boolean;
  readonly values: Partial<Record<FileKey, string>>;
}

async function readSettingsFiles(io: Io): Promise<readonly SettingsFile[]> {
  const own = userFolder(io);
  const candidates = [{ path: join(io.cwd, '.iii.yaml'), isOfFolder: true }];
  if (own !== null) candidates.push({ path: join(own, 'config.yaml'), isOfFolder: false });
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
