import type { FunctionDescription, TriggerTypeDescription } from '../protocol/worker-frames.ts';
import type { Channel } from './channels.ts';
import type { TriggerTypeHandler } from './providers.ts';
import type { EnqueueAction, EnqueueOptions, TriggerAction, VoidAction } from './trigger-action.ts';

/** The job of which a call is an attempt. */
export interface JobFacts {
  /** The `messageReceiptId` its producer got. */
  readonly id: string;
  readonly queue: string;
  /** Counted from 1. */
  readonly attempt: number;
  readonly max_attempts: number;
  readonly epoch: number;
  readonly enqueued_at: string;
}

/** What a handler is told beside its payload. */
export interface CallContext {
  readonly function_id: string;
  /** `null` when the call is no attempt of a job. */
  readonly job: JobFacts | null;
  /**
   * Aborted when nobody waits for this call any more: the connection is lost, or the time to finish
   * in a shutdown is over. Whatever the handler does then, the attempt goes back to its queue.
   */
  readonly signal: AbortSignal;
  readonly traceparent: string | null;
  readonly baggage: string | null;
  /** What the caller or the trigger gave; `null` when nothing. */
  readonly metadata: unknown;
  /** The worker that runs this. What it calls from here carries on the trace. */
  readonly iii: Worker;
}

/** What a function does. What it returns is its result, what it throws makes the call fail. */
export type Handler<Payload = unknown> = (payload: Payload, context: CallContext) => unknown;

export type FunctionOptions = Omit<FunctionDescription, 'id' | 'invocation'>;

/** A function that lives behind a URL: the engine calls it, and not this worker. */
export interface HttpInvocation {
  readonly url: string;
  /** Default POST. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly timeout_ms?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The `…_key` members name environment variables of the engine. */
  readonly auth?:
    | { readonly type: 'hmac'; readonly secret_key: string }
    | { readonly type: 'bearer'; readonly token_key: string }
    | { readonly type: 'api_key'; readonly header: string; readonly value_key: string };
}

/** Something that was registered. */
export interface Registered {
  readonly id: string;
  unregister(): void;
}

export interface TriggerInput {
  /** Such as `queue`, `http`, `cron` or `state`. */
  readonly type: string;
  readonly function_id: string;
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Reaches the handler with each call. */
  readonly metadata?: unknown;
  /** Asked before each call, with the same payload; only `false` leaves the call out. */
  readonly condition?: Handler<never> | undefined;
}

/** A call of a function. */
export interface TriggerRequest<Input = unknown> {
  readonly function_id: string;
  readonly payload?: Input;
  readonly action?: TriggerAction;
  /** Longest wait for the answer; default: that of the worker. */
  readonly timeoutMs?: number;
  /** Reaches the handler beside the payload. */
  readonly metadata?: unknown;
}

/** The engine has the job, and answers for it. */
export interface Receipt {
  readonly messageReceiptId: string;
}

/** One job of a batch. */
export interface BatchJob extends EnqueueOptions {
  readonly function_id: string;
  readonly payload?: unknown;
}

/**
 * A connection to an engine that offers functions and calls them. It comes back by itself, and says
 * again what it offers; what is asked meanwhile waits. Every call rejects with `InvocationError`.
 */
export interface Worker {
  /** Offers a function. Refused when this worker offers the id already. */
  registerFunction<Payload>(
    description: Omit<FunctionDescription, 'invocation'>,
    handler: Handler<Payload> | HttpInvocation,
  ): Registered;
  registerFunction<Payload>(
    id: string,
    handler: Handler<Payload> | HttpInvocation,
    options?: FunctionOptions,
  ): Registered;

  /** Binds a function to events. A trigger the engine refuses is told to `onProblem`. */
  registerTrigger(input: TriggerInput): Registered;

  /** Provides a kind of event. */
  registerTriggerType(description: TriggerTypeDescription, handler: TriggerTypeHandler): Registered;

  /** Calls a function: for its result, for a receipt, or for nothing. */
  trigger<Input>(
    request: TriggerRequest<Input> & { readonly action: EnqueueAction },
  ): Promise<Receipt>;
  trigger<Input>(
    request: TriggerRequest<Input> & { readonly action: VoidAction },
  ): Promise<undefined>;
  trigger<Input, Output>(request: TriggerRequest<Input>): Promise<Output>;

  /** Calls a function without waiting for anything; a failure to send is told to `onProblem`. */
  triggerVoid(functionId: string, payload?: unknown): void;

  /** The oldest way to call a function for its result. */
  call<Output>(
    functionId: string,
    payload?: unknown,
    options?: { readonly timeoutMs?: number },
  ): Promise<Output>;

  /** Enqueues up to 1000 jobs: all of them or none, in one durable step. Receipts in order. */
  enqueueBatch(
    jobs: readonly BatchJob[],
    options?: { readonly queue?: string; readonly timeoutMs?: number },
  ): Promise<readonly Receipt[]>;

  /** Publishes to a topic: every subscription of it gets a copy, or none does. */
  publish(topic: string, data: unknown): Promise<void>;

  /**
   * A new pipe between two functions; it goes when this worker does. `bufferSize` is how many texts and
   * pieces of bytes wait in it before the writer has to: 1 to 1024, default 64.
   */
  createChannel(bufferSize?: number): Promise<Channel>;

  /** Resolves when there is a connection and the engine knows everything registered so far. */
  ready(): Promise<void>;

  /**
   * Stops in order: the engine gives this worker no more calls, those that run may finish and what they
   * wrote into channels may leave, then the connection is closed. After `graceMs` (default 30 000) what still runs is aborted and goes back
   * to its queue. May be repeated.
   */
  shutdown(options?: { readonly graceMs?: number }): Promise<void>;
}
