import type { Finding } from '../doctor/finding.ts';
import type { Paint, Tone } from '../output/color.ts';
import { printable } from '../output/escape.ts';
import { wrap } from '../output/wrap.ts';

const TONES: Readonly<Record<Finding['level'], Tone>> = { ok: 'good', warn: 'warn', bad: 'bad' };
const LEVEL_COLUMNS = 4;
/** Narrower than this a text beside its check cannot be read. */
const LEAST_COLUMNS = 30;
const CHECK_COLUMNS = 'subscriptions'.length;

/** A finding, and under it what mends it: nothing of that may be cut off, so it is no table. */
export function describeFinding(
  { level, check, text, mend }: Finding,
  paint: Paint,
  columns = Number.POSITIVE_INFINITY,
): string {
  const under = ' '.repeat(LEVEL_COLUMNS + 2);
  const head = `${paint(TONES[level], level.padEnd(LEVEL_COLUMNS))}  ${check.padEnd(CHECK_COLUMNS)}`;
  const beside = LEVEL_COLUMNS + CHECK_COLUMNS + 4;
  // Beside its check while there is room for a few words, otherwise under it.
  const indent = columns - beside >= LEAST_COLUMNS ? ' '.repeat(beside) : under;
  const lines = wrap(printable(text), columns - indent.length).replaceAll('\n', `\n${indent}`);
  const line = indent === under ? `${head.trimEnd()}\n${under}${lines}` : `${head}  ${lines}`;
  return mend === null ? line : `${line}\n${under}-> ${printable(mend)}`;
}
