import { IiiError } from '../base/errors.ts';
import type { LoadedConfig } from './config.ts';
import { Findings } from './findings.ts';
import { readTree } from './read-tree.ts';
import { resolveConfig, type ResolveOptions } from './resolve.ts';
import { isNothing } from './section.ts';

/** Looked for in this order when no file is named. */
const FILE_NAMES = ['iii-config.yaml', 'config.yaml'];

export interface LoadOptions extends Omit<ResolveOptions, 'file'> {
  /** The file named by the caller; without one the usual names are tried. */
  readonly file?: string | undefined;
  /** Folder that relative paths of files to read start from. */
  readonly cwd: string;
}

/**
 * Finds and reads the configuration. Without a file every default applies: a `default` queue, and a
 * file store. Paths inside the configuration stay as written.
 * @throws IiiError `CONFIG_INVALID` when a named file cannot be read; what is wrong inside a file is
 * among the problems of the answer
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { cwd, file: named } = options;
  const read = (path: string): string | undefined => options.read(inFolder(cwd, path));
  if (named !== undefined) {
    const text = read(named);
    if (text === undefined) {
      throw new IiiError('CONFIG_INVALID', `The configuration ${named} cannot be read`, {
        reason: 'There is no such file, or it may not be read.',
        hint: 'Check the name after -c, or leave it out to use iii-config.yaml or config.yaml.',
      });
    }
    return parseConfig(text, { ...options, read, file: named });
  }
  for (const file of FILE_NAMES) {
    const text = read(file);
    if (text !== undefined) return parseConfig(text, { ...options, read, file });
  }
  return resolveConfig(undefined, new Findings(null, ''), { ...options, read, file: null });
}

/** Reads a configuration from its text. Never throws: everything that is wrong is in `problems`. */
export function parseConfig(text: string, options: ResolveOptions): LoadedConfig {
  const findings = new Findings(options.file, text);
  const tree = readTree(text, options.env, findings);
  if (tree === undefined || isNothing(tree)) {
    findings.warn(
      'empty_file',
      { path: '', range: [0, 0] },
      'The configuration is empty; every default applies',
    );
  }
  return resolveConfig(tree, findings, options);
}

function inFolder(folder: string, path: string): string {
  return /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path) ? path : `${folder}/${path}`;
}
