import { currentCall } from './current-call.ts';

type Data = Readonly<Record<string, unknown>>;

/**
 * Log lines of a worker: one JSON object per line on standard error, with the function, the job and
 * the trace of the handler that logs.
 */
export class Logger {
  readonly #write: (line: string) => void;
  readonly #now: () => number;

  constructor(
    options: {
      /** Takes each line, which ends with a line feed. */
      readonly write?: (line: string) => void;
      /** Milliseconds since 1970. */
      readonly now?: () => number;
    } = {},
  ) {
    this.#write = options.write ?? ((line) => void process.stderr.write(line));
    this.#now = options.now ?? (() => performance.timeOrigin + performance.now());
  }

  debug(message: string, data?: Data): void {
    this.#log('debug', message, data);
  }

  info(message: string, data?: Data): void {
    this.#log('info', message, data);
  }

  warn(message: string, data?: Data): void {
    this.#log('warn', message, data);
  }

  error(message: string, data?: Data): void {
    this.#log('error', message, data);
  }

  #log(level: string, message: string, data: Data | undefined): void {
    const { function_id, job, traceparent } = currentCall.getStore() ?? {};
    const line = {
      time: new Date(this.#now()).toISOString(),
      level,
      message,
      function_id,
      job_id: job?.id,
      attempt: job?.attempt,
      trace_id: traceparent?.split('-')[1],
    };
    this.#write(`${write({ ...line, data }) ?? write(line) ?? message}\n`);
  }
}

/** `undefined` when the value cannot be written: a log line must never break its handler. */
function write(value: Data): string | undefined {
  try {
    return JSON.stringify(value, (_key, member: unknown) =>
      member instanceof Error ? { message: member.message, stack: member.stack } : member,
    );
  } catch {
    return undefined;
  }
}
