import { scanMembers, type JsonSpan } from '../base/json.ts';
import { dropped, type Frame, isRecord, MAX_MEMBER_DEPTH, missing, tooDeep } from './frame.ts';
import type {
  DroppedFrame,
  InvocationResult,
  InvokeAction,
  InvokeFunction,
  RawJson,
  WireError,
} from './messages.ts';

const NULL: RawJson = { text: 'null', depth: 0 };
const CALL: InvokeAction = { kind: 'call' };
const VOID: InvokeAction = { kind: 'void' };

/** Reads `invokefunction`, the same in both directions. `data` and `metadata` stay text. */
export function readInvocation(frame: Frame): InvokeFunction | DroppedFrame {
  const { members, text } = frame;
  const functionId = members.function_id;
  if (typeof functionId !== 'string') return missing(frame, 'function_id');
  const invocationId = members.invocation_id ?? null;
  // an answer to nobody would leave the caller waiting without a word
  if (invocationId !== null && typeof invocationId !== 'string') {
    return dropped('invokefunction: invocation_id is not a string');
  }
  const action = readAction(members.action);
  if (action === null) return dropped('invokefunction: action is not void or enqueue');
  const spans = scanMembers(text);
  if ((spans.get('action')?.depth ?? 0) > MAX_MEMBER_DEPTH) return tooDeep(frame);
  return {
    kind: 'invoke_function',
    invocationId,
    functionId,
    data: rawAt(text, spans.get('data')) ?? NULL,
    action,
    traceparent: contextOf(members.traceparent),
    baggage: contextOf(members.baggage),
    metadata: (members.metadata ?? null) === null ? null : rawAt(text, spans.get('metadata')),
  };
}

/** Reads `invocationresult`. `result` stays text; `errorOf` reads the member `error`. */
export function readResult(
  frame: Frame,
  errorOf: (value: unknown) => WireError | null,
): InvocationResult | DroppedFrame {
  const { members, text } = frame;
  const { invocation_id: invocationId, function_id: functionId } = members;
  if (typeof invocationId !== 'string') return missing(frame, 'invocation_id');
  if (typeof functionId !== 'string') return missing(frame, 'function_id');
  return {
    kind: 'invocation_result',
    invocationId,
    functionId,
    result: (members.result ?? null) === null ? null : rawAt(text, scanMembers(text).get('result')),
    error: errorOf(members.error),
  };
}

/**
 * An error as a worker reports it. A false value means success, as it does in the SDKs; anything
 * else is a failure, whatever its shape. Only strings and a number come through, so the error can be
 * written again whatever it held.
 */
export function readError(value: unknown): WireError | null {
  if (typeof value === 'string' && value !== '') return { code: 'UNKNOWN', message: value };
  if (!value) return null;
  const { code, message, stacktrace, retry_after_ms } = isRecord(value) ? value : {};
  return {
    code: typeof code === 'string' ? code : 'UNKNOWN',
    message: typeof message === 'string' ? message : NO_MESSAGE,
    ...(typeof stacktrace === 'string' && { stacktrace }),
    ...(typeof retry_after_ms === 'number' && { retry_after_ms }),
  };
}

/** An error as the engine reports it: also with what only the engine sets. */
export function readEngineError(value: unknown): WireError | null {
  const error = readError(value);
  if (error === null || !isRecord(value)) return error;
  const { retryable, hint, details } = value;
  return {
    ...error,
    ...(retryable === true && { retryable }),
    ...(typeof hint === 'string' && { hint }),
    ...(isRecord(details) && { details }),
  };
}

const NO_MESSAGE = 'the error came without a message';

/** `null` for an action that is there and is none of those we know. */
function readAction(value: unknown): InvokeAction | null {
  if (value === undefined || value === null) return CALL;
  if (!isRecord(value)) return null;
  if (value.type === 'void') return VOID;
  if (value.type === 'enqueue') return { kind: 'enqueue', options: value };
  return null;
}

/** W3C context: an empty string is as good as none. */
function contextOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function rawAt(text: string, span: JsonSpan | undefined): RawJson | null {
  if (span === undefined) return null;
  return { text: text.slice(span.start, span.end), depth: span.depth };
}
