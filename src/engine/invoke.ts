import { IiiError, messageOf } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Tracing } from '../base/tracing.ts';
import { encodeDelivery } from '../protocol/encode.ts';
import type { InvocationResult, WireError } from '../protocol/messages.ts';
import { LIMITS } from '../queue/limits.ts';
import { countedUuids } from './counted-uuids.ts';
import type { FunctionRegistry, LocalFunction } from './functions.ts';
import { callOverHttp, readInvocation, type HttpCaller } from './http-functions.ts';
import type { Answer, Worker } from './workers.ts';

/** A call to be carried out. All JSON is text that is passed on unread. */
export interface Call {
  readonly functionId: string;
  readonly data: string;
  readonly traceparent: string | null;
  readonly baggage: string | null;
  /** W3C `tracestate`, for functions called over HTTP: frames to workers have no place for it. */
  readonly tracestate?: string | null;
  readonly metadata: string | null;
  /** The connection that calls; `null` for jobs and calls from inside the process. */
  readonly caller: Worker | null;
}

/** A call under way. */
export interface Delivered {
  /** Who runs it, for people: worker name and id, or `engine`. */
  readonly runner: string;
  /** Stops waiting: a later answer is ignored and the worker counts as free. */
  readonly abandon: () => void;
}

/** Starts a call; `undefined` when nobody can take it, and then `settle` is not called. */
export type RunCall = (call: Call, settle: (answer: Answer) => void) => Delivered | undefined;

const NO_HTTP = 'this engine calls no functions over HTTP';

const noHttp: HttpCaller = {
  problemOf: () => NO_HTTP,
  call: () =>
    Promise.resolve({ kind: 'error', error: { code: 'invocation_error', message: NO_HTTP } }),
};

/** Carries a call to a function inside the engine, to a worker or over HTTP, and its answer back. */
export class Invoker {
  readonly #functions: FunctionRegistry;
  readonly #nextId: () => string;
  readonly #http: HttpCaller;

  readonly #tracing: Tracing | undefined;

  constructor(
    functions: FunctionRegistry,
    random: Random,
    http: HttpCaller = noHttp,
    tracing?: Tracing,
  ) {
    this.#functions = functions;
    this.#nextId = countedUuids(random);
    this.#http = http;
    this.#tracing = tracing;
  }

  /** Why a function that was registered to be called over HTTP cannot be; `null` when nothing is known. */
  problemOf(invocation: Readonly<Record<string, unknown>>): string | null {
    try {
      return this.#http.problemOf(readInvocation(invocation));
    } catch (thrown) {
      return messageOf(thrown);
    }
  }

  /**
   * Starts a call. `settle` is called exactly once, unless the call is abandoned before.
   * @returns `undefined` when nobody offers the function, or nobody has room; `settle` is not called then
   */
  deliver(call: Call, settle: (answer: Answer) => void): Delivered | undefined {
    const local = this.#functions.local(call.functionId);
    if (local !== undefined) return runLocal(local, call, settle);
    const registration = this.#functions.pick(call.functionId);
    if (registration === undefined) return undefined;
    const { worker, facts } = registration;
    const invocationId = this.#nextId();
    if (facts.invocation !== null) {
      return this.#deliverOverHttp(facts.invocation, { ...call, invocationId }, settle);
    }
    const { functionId, data, traceparent, baggage, metadata } = call;
    worker.calls.set(invocationId, { functionId, settle });
    // Members written out, and the name only when asked for: this runs once per attempt.
    const frame = encodeDelivery({
      invocationId,
      functionId,
      data,
      traceparent,
      baggage,
      metadata,
    });
    if (worker.canReceive(frame)) worker.link.send(frame);
    else queueMicrotask(() => worker.answer(tooLarge(invocationId, functionId)));
    return {
      get runner() {
        return `${worker.profile.name} (${worker.id})`;
      },
      abandon: () => {
        worker.calls.delete(invocationId);
      },
    };
  }

  #deliverOverHttp(
    invocation: Readonly<Record<string, unknown>>,
    call: Call & { readonly invocationId: string },
    settle: (answer: Answer) => void,
  ): Delivered {
    // a query may hold secrets, and this is kept with the job
    const url = String(invocation['url']).split('?')[0] ?? '';
    const span = this.#tracing?.begin({
      name: `call ${call.functionId}`,
      kind: 'client',
      parent: call.traceparent,
      tracestate: call.tracestate ?? null,
      attributes: { 'url.full': url, 'iii.function.id': call.functionId },
    });
    const outgoing = { ...call, traceparent: span?.traceparent ?? call.traceparent };
    const abandon = callOverHttp(this.#http, invocation, outgoing, (answer) => {
      span?.end(answer.kind === 'error' ? answer.error.message : null);
      settle(answer);
    });
    return {
      runner: `HTTP ${url}`,
      abandon: () => {
        span?.end('the call was given up');
        abandon();
      },
    };
  }
}

function tooLarge(invocationId: string, functionId: string): InvocationResult {
  const limit = LIMITS.pythonFrameBytes;
  const message = `the call is larger than ${limit} bytes, at which the connection of a worker in Python ends`;
  const error = { code: 'channel_send_failed', message };
  return { kind: 'invocation_result', invocationId, functionId, result: null, error };
}

function runLocal(local: LocalFunction, call: Call, settle: (answer: Answer) => void): Delivered {
  let abandoned = false;
  const finish = (answer: Answer): void => {
    if (!abandoned) settle(answer);
  };
  local.run(call).then(
    (result) => {
      finish({ kind: 'result', result });
    },
    (thrown: unknown) => {
      finish({ kind: 'error', error: toWireError(thrown) });
    },
  );
  return {
    runner: 'engine',
    abandon: () => {
      abandoned = true;
    },
  };
}

/** Any thrown value as it travels to a caller; `code` and `retry_after_ms` of an error are kept. */
export function toWireError(thrown: unknown): WireError {
  if (thrown instanceof IiiError) {
    return {
      code: thrown.code,
      message: thrown.message,
      ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
      ...(thrown.details === undefined ? {} : { details: thrown.details }),
    };
  }
  const facts: Record<string, unknown> =
    typeof thrown === 'object' && thrown !== null ? { ...thrown } : {};
  const error: WireError = {
    code: typeof facts['code'] === 'string' ? facts['code'] : 'invocation_failed',
    message: messageOf(thrown),
    ...(thrown instanceof Error && thrown.stack !== undefined ? { stacktrace: thrown.stack } : {}),
  };
  const retryAfterMs = facts['retry_after_ms'] ?? facts['retryAfterMs'];
  return typeof retryAfterMs === 'number' ? { ...error, retry_after_ms: retryAfterMs } : error;
}
