import { formatDuration, parseDuration } from '../base/duration.ts';
import type { Findings } from './findings.ts';
import type { KeyTable } from './key-spec.ts';
import type { Section } from './section.ts';

/**
 * The duration that a key of kind `text` holds, in milliseconds. One that is none, or is too short, is
 * reported at the value and reads as `null`.
 */
export function readDuration<T extends KeyTable>(
  findings: Findings,
  section: Section<T>,
  key: keyof T & string,
  minMs = 0,
): number | null {
  const value: unknown = section.values[key];
  const text = typeof value === 'string' ? value : '';
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= minMs) return ms;
  const isShort = ms !== undefined;
  findings.error(
    isShort ? 'out_of_range' : 'wrong_type',
    section.valueSpot(key),
    isShort
      ? `\`${key}\` must be longer than ${text}`
      : `\`${key}\` must be a duration, not ${text}`,
    'Write it with a unit, such as 30s, 15m or 2h.',
  );
  return null;
}

/** A duration as it would be written in the file: `30s`, `1m30s`, `1500ms`. */
export function writeDuration(ms: number): string {
  const text = formatDuration(ms).replaceAll(' ', '');
  return parseDuration(text) === ms ? text : `${ms}ms`;
}
