export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * The engine's own log. The message is a constant sentence, facts go into `fields`; payloads and
 * tokens never do.
 */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const ignore = (): void => undefined;

/** Swallows everything: for embedding and tests. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
