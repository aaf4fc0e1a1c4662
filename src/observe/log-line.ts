import type { LogLevel } from '../base/logger.ts';
import type { Appearance, Palette, Shade } from '../base/palette.ts';

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const SHADES: Readonly<Record<LogLevel, Shade>> = {
  debug: 'dim',
  info: 'good',
  warn: 'warn',
  error: 'bad',
};
const RESET = '\u001b[0m';

/** Characters that move a cursor, break a line or reorder text: C0, DEL, C1, separators, bidi. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const BARE_VALUE = /^[^\s"=\\{}[\]]+$/u;

/**
 * One line for people, without the line end: `2026-01-01 00:00:00.000Z INFO  message key=value`.
 * In colour with a palette. No input can start a second line or send a control sequence to the terminal.
 */
export function formatLine(
  { at, level, message, fields }: LogLine,
  palette: Palette | null,
): string {
  const time = new Date(at).toISOString().replace('T', ' ');
  const word = level.toUpperCase().padEnd(5);
  const facts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${escape(name)}=${escape(formatValue(value))}`)
    .join('');
  if (palette === null) return `${time} ${word} ${escape(message)}${facts}`;
  const [dim, own] = [palette.dim, palette[SHADES[level]]];
  return `${paint(dim, time)} ${paint(own, word)} ${escape(message)}${paint(dim, facts)}`;
}

function paint({ bold, color }: Appearance, text: string): string {
  const codes = [...(bold ? [1] : []), ...(color === undefined ? [] : [38, 5, color])];
  return codes.length === 0 || text === '' ? text : `\u001b[${codes.join(';')}m${text}${RESET}`;
}

function formatValue(value: unknown): string {
  if (value instanceof Error) return formatError(value);
  if (typeof value === 'string') return quoteWhenNeeded(value);
  if (typeof value === 'object' && value !== null) return stringify(value);
  return String(value);
}

function formatError(error: Error): string {
  const code = 'code' in error ? `${String(error.code)}: ` : '';
  return quoteWhenNeeded(`${code}${error.message}`);
}

function quoteWhenNeeded(text: string): string {
  return BARE_VALUE.test(text) ? text : JSON.stringify(text);
}

/** A log line must not fail: what JSON cannot say (a cycle, a bigint inside) is named by its kind. */
function stringify(value: object): string {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined ? 'undefined' : quoteJsonString(text);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** Values such as a date or a secret are strings in JSON: they follow the rule for strings. */
function quoteJsonString(json: string): string {
  return json.startsWith('"') ? quoteWhenNeeded(JSON.parse(json) as string) : json;
}

function escape(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
