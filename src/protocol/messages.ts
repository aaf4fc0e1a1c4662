/**
 * The messages of the worker protocol, as the engine sees them: names in camelCase, absent and
 * `null` members alike `null`, and JSON that only passes through kept as text.
 */

/** A JSON value that is carried on and not read: its text as it stood in the frame. */
export interface RawJson {
  readonly text: string;
  /** Levels of nesting; a scalar has 0. */
  readonly depth: number;
}

/** An error as it travels: always an object with these strings. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly stacktrace?: string;
  /** With code `retry_after`: when to try again. */
  readonly retry_after_ms?: number;
  /** Set by the engine when the same call may succeed later. */
  readonly retryable?: true;
  /** Set by the engine: what the caller can do next. */
  readonly hint?: string;
  /** Set by the engine: facts for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export type InvokeAction =
  | { readonly kind: 'call' }
  | { readonly kind: 'void' }
  /** `options` is the action object as it came, unchecked. */
  | { readonly kind: 'enqueue'; readonly options: Readonly<Record<string, unknown>> };

/** A call of a function. Without an `invocationId` nobody waits for the answer. */
export interface InvokeFunction {
  readonly kind: 'invoke_function';
  readonly invocationId: string | null;
  readonly functionId: string;
  readonly data: RawJson;
  readonly action: InvokeAction;
  readonly traceparent: string | null;
  readonly baggage: string | null;
  readonly metadata: RawJson | null;
}

/** A call that cannot be read, whose sender waits for an answer. */
export interface UnreadableCall {
  readonly kind: 'unreadable_call';
  readonly invocationId: string;
  /** Empty when the call names none. */
  readonly functionId: string;
  /** What the sender is told. */
  readonly error: WireError;
}

/** The answer to a call the engine delivered. `error` decides whether it failed. */
export interface InvocationResult {
  readonly kind: 'invocation_result';
  readonly invocationId: string;
  readonly functionId: string;
  readonly result: RawJson | null;
  readonly error: WireError | null;
}

export interface RegisterFunction {
  readonly kind: 'register_function';
  readonly id: string;
  readonly description: string | null;
  readonly requestFormat: unknown;
  readonly responseFormat: unknown;
  readonly metadata: unknown;
  /** Present when the function is called over HTTP; kept as it came. */
  readonly invocation: Readonly<Record<string, unknown>> | null;
}

export interface RegisterTriggerType {
  readonly kind: 'register_trigger_type';
  readonly id: string;
  readonly description: string;
  readonly triggerRequestFormat: unknown;
  readonly callRequestFormat: unknown;
}

export interface RegisterTrigger {
  readonly kind: 'register_trigger';
  readonly id: string;
  readonly triggerType: string;
  readonly functionId: string;
  readonly config: unknown;
  readonly metadata: unknown;
}

export interface TriggerRegistrationResult {
  readonly kind: 'trigger_registration_result';
  readonly id: string;
  readonly triggerType: string | null;
  readonly functionId: string | null;
  readonly error: WireError | null;
  /** What in the config means nothing, although the trigger is there; only from an engine of ours. */
  readonly warnings: readonly string[];
}

/** A message from a worker. */
export type WorkerMessage =
  | InvokeFunction
  | UnreadableCall
  | InvocationResult
  | RegisterFunction
  | { readonly kind: 'unregister_function'; readonly id: string }
  | RegisterTriggerType
  | { readonly kind: 'unregister_trigger_type'; readonly id: string }
  | RegisterTrigger
  | {
      readonly kind: 'unregister_trigger';
      readonly id: string;
      readonly triggerType: string | null;
    }
  | TriggerRegistrationResult
  | {
      readonly kind: 'register_service';
      readonly id: string;
      readonly name: string;
      readonly description: string | null;
    }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'reattach'; readonly previousWorkerId: string; readonly reattachToken: string }
  | { readonly kind: 'auth'; readonly token: string };

/** A frame that carries no message for the engine. It is logged and dropped; the connection stays. */
export interface DroppedFrame {
  readonly kind: 'dropped';
  readonly reason: string;
}

/** Telemetry: 4 ASCII bytes, then an OTLP/JSON export request. */
export interface TelemetryFrame {
  readonly kind: 'telemetry';
  readonly signal: 'traces' | 'metrics' | 'logs';
  readonly body: Uint8Array;
}

/** A call as the engine delivers it to the worker that runs it. */
export interface Delivery {
  /** The engine's own UUID of this delivery, never the caller's. */
  readonly invocationId: string;
  readonly functionId: string;
  readonly data: string;
  readonly traceparent: string | null;
  readonly baggage: string | null;
  readonly metadata: string | null;
}
