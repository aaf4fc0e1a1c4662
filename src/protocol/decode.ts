import {
  dropped,
  findFault,
  type Frame,
  isRecord,
  openFrame,
  optionalString,
  stringIn,
} from './frame.ts';
import { readError, readInvocation, readResult } from './invocation.ts';
import type {
  DroppedFrame,
  RegisterFunction,
  TelemetryFrame,
  UnreadableCall,
  WireError,
  WorkerMessage,
} from './messages.ts';
import { withoutNonFinite } from './non-finite.ts';
import { readTelemetry } from './telemetry.ts';
import { readTriggerMessage } from './trigger.ts';

/**
 * Reads a text frame from a worker. Never throws: what is no message for the engine comes back as
 * dropped, with a reason that names the fault and never repeats content. Unknown members are
 * ignored, and an optional member that is `null` counts as absent (wire-protocol.md §1.2).
 */
export function decodeText(text: string): WorkerMessage | DroppedFrame {
  const frame = openFrame(text);
  if (frame.kind === 'dropped') return readNonFinite(text) ?? frame;
  switch (frame.type) {
    case 'invokefunction':
      return readCall(frame);
    case 'invocationresult':
      return readResult(frame, readError);
    case 'registerfunction':
      return readFunction(frame);
    case 'unregisterfunction':
      return findFault(frame, ['id']) ?? { kind: 'unregister_function', id: stringIn(frame, 'id') };
    case 'registertriggertype':
      return (
        findFault(frame, ['id', 'description']) ?? {
          kind: 'register_trigger_type',
          id: stringIn(frame, 'id'),
          description: stringIn(frame, 'description'),
          triggerRequestFormat: frame.members.trigger_request_format ?? null,
          callRequestFormat: frame.members.call_request_format ?? null,
        }
      );
    case 'unregistertriggertype':
      return (
        findFault(frame, ['id']) ?? { kind: 'unregister_trigger_type', id: stringIn(frame, 'id') }
      );
    case 'registertrigger':
    case 'unregistertrigger':
    case 'triggerregistrationresult':
      return readTriggerMessage(frame);
    case 'registerservice':
      return (
        findFault(frame, ['id']) ?? {
          kind: 'register_service',
          id: stringIn(frame, 'id'),
          name: optionalString(frame, 'name') ?? stringIn(frame, 'id'),
          description: optionalString(frame, 'description'),
        }
      );
    case 'ping':
      return { kind: 'ping' };
    case 'pong':
      return { kind: 'pong' };
    case 'reattach':
      return (
        findFault(frame, ['previous_worker_id', 'reattach_token']) ?? {
          kind: 'reattach',
          previousWorkerId: stringIn(frame, 'previous_worker_id'),
          reattachToken: stringIn(frame, 'reattach_token'),
        }
      );
    case 'auth':
      return findFault(frame, ['token']) ?? { kind: 'auth', token: stringIn(frame, 'token') };
    case 'workerregistered':
    case 'registrationrejected':
    case 'error':
      return dropped(`${frame.type}: only the engine sends this type`);
    default:
      return dropped('unknown type');
  }
}

/**
 * Python writes numbers that are no JSON. A function that returned `nan` has returned: without its
 * answer a job would be in flight for ever. A call with one is not read, since its function would get
 * another payload than was sent; but whoever waits for it is told. `null` for any other text.
 */
function readNonFinite(text: string): WorkerMessage | DroppedFrame | null {
  const finite = withoutNonFinite(text);
  const frame = finite === undefined ? null : openFrame(finite);
  if (frame?.kind !== 'frame') return null;
  if (frame.type === 'invocationresult') return readResult(frame, readError);
  return (
    (frame.type === 'invokefunction' ? unreadableCall(frame, NOT_FINITE) : null) ??
    dropped('not valid JSON: it has NaN or Infinity for a number')
  );
}

const NOT_FINITE: WireError = {
  code: 'serialization_error',
  message: 'the call has NaN or Infinity for a number, which JSON does not have',
  hint: 'send null or a text in its place',
};

/** A call with a mistake in it is answered: its sender would wait for nothing until its time is over. */
function readCall(frame: Frame): WorkerMessage | DroppedFrame {
  const call = readInvocation(frame);
  if (call.kind !== 'dropped') return call;
  return unreadableCall(frame, { code: 'invocation_error', message: call.reason }) ?? call;
}

/** `null` when nobody waits for an answer. */
function unreadableCall({ members }: Frame, error: WireError): UnreadableCall | null {
  const { invocation_id: invocationId, function_id: functionId } = members;
  const type = isRecord(members.action) ? members.action.type : null;
  if (typeof invocationId !== 'string' || type === 'void') return null;
  return {
    kind: 'unreadable_call',
    invocationId,
    functionId: typeof functionId === 'string' ? functionId : '',
    error: type === 'enqueue' ? { ...error, code: 'enqueue_error' } : error,
  };
}

/** Reads a binary frame from a worker: telemetry by its prefix, anything else as the text of a message. */
export function decodeBinary(bytes: Uint8Array): WorkerMessage | TelemetryFrame | DroppedFrame {
  const telemetry = readTelemetry(bytes);
  if (telemetry !== undefined) return telemetry;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return dropped('binary frame is neither telemetry nor UTF-8');
  }
  return decodeText(text);
}

function readFunction(frame: Frame): RegisterFunction | DroppedFrame {
  const fault = findFault(frame, ['id']);
  if (fault !== null) return fault;
  const { request_format, response_format, metadata } = frame.members;
  const invocation = frame.members.invocation ?? null;
  if (invocation !== null && !isRecord(invocation)) {
    return dropped('registerfunction: invocation is not an object');
  }
  return {
    kind: 'register_function',
    id: stringIn(frame, 'id'),
    description: optionalString(frame, 'description'),
    requestFormat: request_format ?? null,
    responseFormat: response_format ?? null,
    metadata: metadata ?? null,
    invocation,
  };
}
