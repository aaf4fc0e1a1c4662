import type { Finding } from '../doctor/checks.ts';
import type { Paint, Tone } from '../output/color.ts';
import { printable } from '../output/escape.ts';

const TONES: Readonly<Record<Finding['level'], Tone>> = { ok: 'good', warn: 'warn', bad: 'bad' };
const LEVEL_COLUMNS = 4;
const CHECK_COLUMNS = 'subscriptions'.length;

/** A finding, and under it what mends it: nothing of that may be cut off, so it is no table. */
export function describeFinding({ level, check, text, mend }: Finding, paint: Paint): string {
  const head = `${paint(TONES[level], level.padEnd(LEVEL_COLUMNS))}  ${check.padEnd(CHECK_COLUMNS)}`;
  const line = `${head}  ${printable(text)}`;
  if (mend === null) return line;
  return `${line}\n${' '.repeat(LEVEL_COLUMNS + 2)}-> ${printable(mend)}`;
}
