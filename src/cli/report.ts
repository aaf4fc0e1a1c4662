import { exitStatusOf, IiiError, messageOf } from '../base/errors.ts';
import { type Paint, plain } from './output/color.ts';
import { printable, printableLines } from './output/escape.ts';
import { writeJson } from './output/json.ts';

/** What to do next, for errors the engine answers with. */
const HINTS: Readonly<Record<string, string>> = {
  QUEUE_NOT_FOUND: 'the queues there are: iii queue list',
  JOB_NOT_FOUND: 'jobs that are kept: iii job list; dead ones: iii dlq list',
  function_not_found: 'functions that workers offer: iii function list',
  FORBIDDEN: 'use a token with a role that may do this (III_TOKEN or --token-file)',
  AUTH_ERROR: 'check III_TOKEN or --token-file',
  timeout: 'wait longer with --timeout 5m',
  enqueue_error: 'the queues and their settings: iii queue list, iii queue show <queue>',
  UNAVAILABLE: 'try again in a moment',
};

/** One failure in every form it can be printed in. */
interface Failure {
  readonly code: string;
  readonly message: string;
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly stack: string | undefined;
}

/** Exit status of whatever ended a command. */
export function statusOf(thrown: unknown): number {
  return thrown instanceof IiiError ? exitStatusOf(thrown.code) : 1;
}

/** The failure as lines for people: what is the case, why, what to do next. */
export function describeFailure(thrown: unknown, debug: boolean, paint: Paint = plain): string {
  const failure = readFailure(thrown);
  const lines = [
    `${paint('bad', `error[${printable(failure.code)}]:`)} ${oneLine(failure.message)}`,
  ];
  if (failure.reason) lines.push(`${paint('dim', 'cause:')} ${oneLine(failure.reason)}`);
  if (failure.hint) lines.push(`${paint('dim', 'hint:')} ${oneLine(failure.hint)}`);
  if (debug && failure.stack) lines.push(printableLines(failure.stack));
  return lines.join('\n');
}

/** The failure as one line of JSON. */
export function failureJson(thrown: unknown, debug: boolean): string {
  const { code, message, hint, reason, details, stack } = readFailure(thrown);
  return writeJson(
    {
      error: {
        code,
        message,
        ...(reason === undefined ? {} : { cause: reason }),
        hint: hint ?? null,
        details,
        ...(debug && stack !== undefined ? { stack } : {}),
      },
    },
    false,
  );
}

function readFailure(thrown: unknown): Failure {
  if (!(thrown instanceof IiiError)) {
    return {
      code: 'INTERNAL',
      message: messageOf(thrown),
      reason: 'this is a defect of iii, not of your input',
      hint: 'run it again with --debug and report what it prints',
      details: {},
      stack: thrown instanceof Error ? thrown.stack : undefined,
    };
  }
  const { code: remoteCode, stacktrace, ...details } = thrown.details ?? {};
  const code = typeof remoteCode === 'string' ? remoteCode : thrown.code;
  return {
    code,
    message: thrown.message,
    reason: thrown.reason ?? causeBeside(thrown),
    hint: thrown.hint ?? HINTS[code],
    details,
    stack: typeof stacktrace === 'string' ? stacktrace : thrown.stack,
  };
}

/** What the thing that was thrown first says; nothing where the message has it already. */
function causeBeside({ message, cause }: IiiError): string | undefined {
  if (cause === undefined) return undefined;
  const text = messageOf(cause);
  return message.includes(text) ? undefined : text;
}

/** Messages keep to one line each, but a caret under a source line needs its own. */
function oneLine(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
