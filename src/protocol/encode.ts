import type { Delivery, RegisterTrigger, WireError } from './messages.ts';

/*
 * Frames from the engine. They are put together around JSON texts that pass through, so every
 * parameter called `data`, `metadata` or `result` must already be valid JSON.
 */

/**
 * A call for the worker that runs it. The Rust SDK drops a call without an id or without `data`, so
 * both are always there; `action` never is.
 */
export function encodeDelivery(call: Delivery): string {
  let frame =
    `{"type":"invokefunction","invocation_id":${JSON.stringify(call.invocationId)}` +
    `,"function_id":${JSON.stringify(call.functionId)},"data":${call.data}`;
  if (call.traceparent !== null) frame += `,"traceparent":${JSON.stringify(call.traceparent)}`;
  if (call.baggage !== null) frame += `,"baggage":${JSON.stringify(call.baggage)}`;
  if (call.metadata !== null) frame += `,"metadata":${call.metadata}`;
  return `${frame}}`;
}

/** The answer to a call. Without result and error it says: done, nothing returned. */
export function encodeResult(answer: {
  readonly invocationId: string;
  readonly functionId: string;
  readonly result: string | null;
  readonly error: WireError | null;
}): string {
  let frame =
    `{"type":"invocationresult","invocation_id":${JSON.stringify(answer.invocationId)}` +
    `,"function_id":${JSON.stringify(answer.functionId)}`;
  if (answer.error !== null) frame += `,"error":${JSON.stringify(answer.error)}`;
  else if (answer.result !== null) frame += `,"result":${answer.result}`;
  return `${frame}}`;
}

/** The engine's first frame on every connection. */
export function encodeWorkerRegistered(workerId: string, reattachToken: string): string {
  return JSON.stringify({
    type: 'workerregistered',
    worker_id: workerId,
    reattach_token: reattachToken,
  });
}

export function encodePong(): string {
  return '{"type":"pong"}';
}

/** Says why the connection is about to be closed. */
export function encodeError(code: string, message: string): string {
  return JSON.stringify({ type: 'error', error: { code, message } });
}

/** Tells the worker that provides a trigger type about a trigger of that type. */
export function encodeRegisterTrigger(trigger: Omit<RegisterTrigger, 'kind'>): string {
  return JSON.stringify({
    type: 'registertrigger',
    id: trigger.id,
    trigger_type: trigger.triggerType,
    function_id: trigger.functionId,
    config: trigger.config ?? {},
    metadata: trigger.metadata ?? undefined,
  });
}

/** Tells the provider that a trigger is gone. The Rust SDK needs the type. */
export function encodeUnregisterTrigger(trigger: {
  readonly id: string;
  readonly triggerType: string;
}): string {
  return JSON.stringify({
    type: 'unregistertrigger',
    id: trigger.id,
    trigger_type: trigger.triggerType,
  });
}

/**
 * Tells the worker that registered a trigger why it failed; the engine is silent about success, unless
 * there is something to warn of: published SDKs pass over an answer without an error. A provider
 * answers the engine with it in either case.
 */
export function encodeTriggerRegistrationResult(
  trigger: { readonly id: string; readonly triggerType: string; readonly functionId: string },
  error: WireError | null,
  warnings: readonly string[] = [],
): string {
  return JSON.stringify({
    type: 'triggerregistrationresult',
    id: trigger.id,
    trigger_type: trigger.triggerType,
    function_id: trigger.functionId,
    error: error ?? undefined,
    warnings: warnings.length === 0 ? undefined : warnings,
  });
}
