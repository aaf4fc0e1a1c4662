import { IiiError, messageOf } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { encodeDelivery } from '../protocol/encode.ts';
import type { WireError } from '../protocol/messages.ts';
import type { FunctionRegistry, LocalFunction } from './functions.ts';
import type { Answer, Worker } from './workers.ts';

/** A call to be carried out. All JSON is text that is passed on unread. */
export interface Call {
  readonly functionId: string;
  readonly data: string;
  readonly traceparent: string | null;
  readonly baggage: string | null;
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

/** Carries a call to a function inside the engine or to a worker, and its answer back. */
export class Invoker {
  readonly #functions: FunctionRegistry;
  readonly #random: Random;

  constructor(functions: FunctionRegistry, random: Random) {
    this.#functions = functions;
    this.#random = random;
  }

  /**
   * Starts a call. `settle` is called exactly once, unless the call is abandoned before.
   * @returns `undefined` when nobody offers the function, or nobody has room; `settle` is not called then
   */
  deliver(call: Call, settle: (answer: Answer) => void): Delivered | undefined {
    const local = this.#functions.local(call.functionId);
    if (local !== undefined) return runLocal(local, call, settle);
    const worker = this.#functions.pickWorker(call.functionId);
    if (worker === undefined) return undefined;
    const invocationId = this.#random.uuid();
    worker.calls.set(invocationId, { functionId: call.functionId, settle });
    worker.link.send(encodeDelivery({ ...call, invocationId }));
    return {
      runner: `${worker.profile.name} (${worker.id})`,
      abandon: () => {
        worker.calls.delete(invocationId);
      },
    };
  }
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
