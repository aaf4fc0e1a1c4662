/*
 * Frames with which a worker says what it offers. Members keep the names of the wire; those that
 * are `undefined` are left out.
 */

export interface FunctionDescription {
  readonly id: string;
  readonly description?: string | undefined;
  readonly request_format?: unknown;
  readonly response_format?: unknown;
  readonly metadata?: unknown;
  /** The function is called over HTTP and not over this connection. */
  readonly invocation?: unknown;
}

export interface TriggerTypeDescription {
  readonly id: string;
  readonly description: string;
  readonly trigger_request_format?: unknown;
  readonly call_request_format?: unknown;
}

export function encodeRegisterFunction(described: FunctionDescription): string {
  const { id, description, request_format, response_format, metadata, invocation } = described;
  return JSON.stringify({
    type: 'registerfunction',
    id,
    description,
    request_format,
    response_format,
    metadata,
    invocation,
  });
}

export function encodeUnregisterFunction(id: string): string {
  return JSON.stringify({ type: 'unregisterfunction', id });
}

export function encodeRegisterTriggerType(described: TriggerTypeDescription): string {
  const { id, description, trigger_request_format, call_request_format } = described;
  return JSON.stringify({
    type: 'registertriggertype',
    id,
    description,
    trigger_request_format,
    call_request_format,
  });
}

export function encodeUnregisterTriggerType(id: string): string {
  return JSON.stringify({ type: 'unregistertriggertype', id });
}

/** The first frame after a reconnect: the engine cleans up the connection before this one. */
export function encodeReattach(previousWorkerId: string, reattachToken: string): string {
  return JSON.stringify({
    type: 'reattach',
    previous_worker_id: previousWorkerId,
    reattach_token: reattachToken,
  });
}
