import { dropped, findFault, openFrame, optionalString, stringIn } from './frame.ts';
import { readEngineError, readInvocation, readResult } from './invocation.ts';
import type {
  DroppedFrame,
  InvocationResult,
  InvokeAction,
  InvokeFunction,
  WireError,
} from './messages.ts';
import { readTriggerMessage, type TriggerMessage } from './trigger.ts';

/** A message from the engine, as a client needs it. */
export type EngineMessage =
  | InvocationResult
  | InvokeFunction
  | TriggerMessage
  | {
      readonly kind: 'worker_registered';
      readonly workerId: string;
      readonly reattachToken: string | null;
    }
  /** The engine refuses the connection and closes it. */
  | { readonly kind: 'error'; readonly error: WireError };

/** A client's call. `data` is JSON text; without an id the engine does not answer. */
export function encodeInvoke(call: {
  readonly invocationId: string | null;
  readonly functionId: string;
  readonly data: string;
  readonly action: InvokeAction;
  readonly traceparent?: string | null;
  readonly baggage?: string | null;
  /** JSON text. */
  readonly metadata?: string | null;
}): string {
  const { traceparent = null, baggage = null, metadata = null } = call;
  let frame = `{"type":"invokefunction","function_id":${JSON.stringify(call.functionId)}`;
  if (call.invocationId !== null) frame += `,"invocation_id":${JSON.stringify(call.invocationId)}`;
  if (call.action.kind === 'void') frame += ',"action":{"type":"void"}';
  if (call.action.kind === 'enqueue') {
    frame += `,"action":${JSON.stringify({ ...call.action.options, type: 'enqueue' })}`;
  }
  if (traceparent !== null) frame += `,"traceparent":${JSON.stringify(traceparent)}`;
  if (baggage !== null) frame += `,"baggage":${JSON.stringify(baggage)}`;
  if (metadata !== null) frame += `,"metadata":${metadata}`;
  return `${frame},"data":${call.data}}`;
}

/** The first frame of a client that cannot set headers, when the engine has tokens. */
export function encodeAuth(token: string): string {
  return JSON.stringify({ type: 'auth', token });
}

/** Reads a text frame from the engine. Never throws; types a client has no use for are dropped. */
export function decodeEngineMessage(text: string): EngineMessage | DroppedFrame {
  const frame = openFrame(text);
  if (frame.kind === 'dropped') return frame;
  switch (frame.type) {
    case 'invocationresult':
      return readResult(frame, readEngineError);
    case 'invokefunction':
      return readInvocation(frame);
    case 'registertrigger':
    case 'unregistertrigger':
    case 'triggerregistrationresult':
      return readTriggerMessage(frame);
    case 'workerregistered':
      return (
        findFault(frame, ['worker_id']) ?? {
          kind: 'worker_registered',
          workerId: stringIn(frame, 'worker_id'),
          reattachToken: optionalString(frame, 'reattach_token'),
        }
      );
    case 'error':
      return {
        kind: 'error',
        error: readEngineError(frame.members.error) ?? {
          code: 'UNKNOWN',
          message: 'the engine refused the connection without saying why',
        },
      };
    default:
      return dropped('unknown type');
  }
}
