import { pino } from 'pino';
import { SystemClock, type Clock } from '../base/clock.ts';
import type { Logger, LogLevel } from '../base/logger.ts';
import { choosePalette } from '../base/palette.ts';
import { formatLine } from './log-line.ts';

/** Where log lines go: a stream of the process, or anything that takes text. */
export interface LogStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

export interface LogOptions {
  /** Lines below this level are not written. */
  readonly level: LogLevel;
  /** `pretty`: one line for people. `json`: one JSON object per line for programs. */
  readonly format: 'pretty' | 'json';
  readonly stream: LogStream;
  /** Where the time of a line comes from. */
  readonly clock?: Clock;
  /** Overrides the choice by terminal and `NO_COLOR`; only `pretty` lines have colour. */
  readonly colour?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;
type Write = (level: LogLevel, message: string, fields: Fields) => void;

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
/** Names that a JSON line uses itself; a field of that name gets a `_` behind it. */
const OWN_NAMES: ReadonlySet<string> = new Set(['level', 'time', 'msg']);

/**
 * The engine's log. Both formats write each line at once, in full; a `Secret` prints as `***`, an
 * error as its message, code and (JSON only) stack.
 */
export function createLogger(options: LogOptions): Logger {
  const write = options.format === 'json' ? jsonWriter(options) : prettyWriter(options);
  const least = LEVELS.indexOf(options.level);
  const at = (level: LogLevel): Logger[LogLevel] => {
    if (LEVELS.indexOf(level) < least) return () => undefined;
    return (message, fields = {}) => {
      write(level, message, fields);
    };
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function jsonWriter({ level, stream, clock = new SystemClock() }: LogOptions): Write {
  const log = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write: (line: string) => {
        stream.write(line);
      },
    },
  );
  return (lineLevel, message, fields) => {
    log[lineLevel](toJsonFields(fields), message);
  };
}

function prettyWriter({ stream, clock = new SystemClock(), colour }: LogOptions): Write {
  const coloured = colour ?? (stream.isTTY === true && !process.env['NO_COLOR']);
  const palette = coloured ? choosePalette(process.env) : null;
  return (level, message, fields) => {
    stream.write(`${formatLine({ at: clock.now(), level, message, fields }, palette)}\n`);
  };
}

function toJsonFields(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      OWN_NAMES.has(name) ? `${name}_` : name,
      value instanceof Error ? describeError(value) : value,
    ]),
  );
}

/** The own fields of an error are not enumerable: without this it would print as `{}`. */
function describeError(error: Error): Record<string, unknown> {
  return {
    message: error.message,
    ...('code' in error && { code: error.code }),
    stack: error.stack,
  };
}
