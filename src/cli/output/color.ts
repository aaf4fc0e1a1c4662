import { choosePalette, type Shade } from '../../base/palette.ts';
import type { Io, OutputStream } from '../io.ts';

/** What a piece of text means; how it looks is decided here alone. */
export type Tone = Shade | 'strong';

/** Gives text the look of its meaning, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

export const plain: Paint = (_tone, text) => text;

/** Whether a stream gets colour: the option, then NO_COLOR, FORCE_COLOR, TERM, then what it is. */
export function wantsColor(
  choice: 'auto' | 'always' | 'never',
  env: Io['env'],
  isTerminal: boolean,
): boolean {
  if (choice !== 'auto') return choice === 'always';
  if (env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

/** The paint of one stream; the library is loaded only when it has something to do. */
export async function loadPaint(
  choice: 'auto' | 'always' | 'never',
  env: Io['env'],
  stream: OutputStream,
): Promise<Paint> {
  if (!wantsColor(choice, env, stream.isTerminal)) return plain;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 2 });
  const palette = choosePalette(env);
  return (tone, text) => {
    const { color, bold } = tone === 'strong' ? { bold: true } : palette[tone];
    const weighted = bold ? chalk.bold(text) : text;
    return color === undefined ? weighted : chalk.ansi256(color)(weighted);
  };
}
