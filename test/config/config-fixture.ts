import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { LoadedConfig } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { ConfigOverrides } from '../../src/config/resolve.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The text of a file beside these tests. */
export function textOf(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

interface Around {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly overrides?: ConfigOverrides;
  readonly file?: string;
}

/** Reads a configuration from text, with nothing around it but what is given. */
export function parse(text: string, around: Around = {}): LoadedConfig {
  const { env = {}, files = {}, overrides, file = 'test.yaml' } = around;
  return parseConfig(text, { file, env, read: (path) => files[path], sha256, overrides });
}

/** Each problem as `code line:column`, warnings with a `~` before them. */
export function findings({ problems }: LoadedConfig): string[] {
  return problems.map(
    ({ severity, code, line, column }) =>
      `${severity === 'warning' ? '~' : ''}${code} ${line ?? '-'}:${column ?? '-'}`,
  );
}
