import { parseDuration } from './duration.ts';

/**
 * Reads a point in time: RFC 3339 with a zone, `now`, or `now` plus or minus a duration.
 * @returns milliseconds since the epoch, or `undefined` when the text is none of these
 */
export function parseTime(text: string, nowMs: number): number | undefined {
  const trimmed = text.trim();
  if (trimmed === 'now') return nowMs;
  const relative = /^now\s*([+-])\s*(\S+)$/.exec(trimmed);
  if (relative !== null) {
    const distance = parseDuration(relative[2] ?? '');
    if (distance === undefined) return undefined;
    return relative[1] === '+' ? nowMs + distance : nowMs - distance;
  }
  const date =
    /^(\d{4})-(\d{2})-(\d{2})[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2})$/.exec(
      trimmed,
    );
  if (date === null) return undefined;
  const [year, month, day] = date.slice(1, 4).map(Number) as [number, number, number];
  // `Date.parse` takes the 30th of February for the 2nd of March.
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  const at = Date.parse(trimmed.replace(' ', 'T').toUpperCase());
  return Number.isNaN(at) ? undefined : at;
}
