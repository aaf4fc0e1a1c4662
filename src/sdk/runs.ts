import { encodeResult } from '../protocol/encode.ts';
import type { InvokeFunction, WireError } from '../protocol/messages.ts';
import type { Channels } from './channels.ts';
import { currentCall } from './current-call.ts';
import type { InvocationError } from './errors.ts';
import { toWireError } from './errors.ts';
import type { CallContext, Handler, JobFacts, Worker } from './worker.ts';

/** One call that runs. */
class Run {
  /** Whether the connection that asked is still there to be answered. */
  wanted = true;
  /** Made when it is asked for, which few handlers do. */
  #controller: AbortController | undefined;
  #reason: InvocationError | undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abandon(reason: InvocationError): void {
    this.wanted = false;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

/** Calls that run in this worker. */
export class Runs {
  readonly #worker: Worker;
  readonly #channels: Channels;
  readonly #send: (frame: string) => void;
  readonly #running = new Set<Run>();
  readonly #onIdle: (() => void)[] = [];

  constructor(worker: Worker, channels: Channels, send: (frame: string) => void) {
    this.#worker = worker;
    this.#channels = channels;
    this.#send = send;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Runs a handler and answers for it, unless nobody wants the answer by then. Never throws. */
  async run(call: InvokeFunction, handler: Handler): Promise<void> {
    const run = new Run();
    this.#running.add(run);
    const answer = await this.#carryOut(call, handler, run);
    this.#running.delete(run);
    if (run.wanted) this.answer(call, answer);
    if (this.#running.size === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Answers a call; one without an id has nobody who waits. */
  answer(call: InvokeFunction, answer: string | null | { readonly error: WireError }): void {
    const { invocationId, functionId } = call;
    if (invocationId === null) return;
    const failed = typeof answer === 'object' && answer !== null;
    this.#send(
      encodeResult({
        invocationId,
        functionId,
        result: failed ? null : answer,
        error: failed ? answer.error : null,
      }),
    );
  }

  /** Tells every handler that its answer is not wanted any more. */
  abandon(reason: InvocationError): void {
    for (const run of this.#running) run.abandon(reason);
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  async #carryOut(
    call: InvokeFunction,
    handler: Handler,
    run: Run,
  ): Promise<string | null | { readonly error: WireError }> {
    let result: unknown;
    try {
      const context = contextOf(call, run, this.#worker);
      const payload = this.#channels.parse(call.data.text);
      result = await currentCall.run(context, () => handler(payload, context));
    } catch (thrown) {
      return { error: toWireError(thrown) };
    }
    try {
      const text = JSON.stringify(result) as string | undefined;
      return text ?? null;
    } catch (cause) {
      const message = `the result of ${call.functionId} cannot be written as JSON: ${String(cause)}`;
      return { error: { code: 'serialization_error', message } };
    }
  }
}

function contextOf(call: InvokeFunction, run: Run, iii: Worker): CallContext {
  const { functionId: function_id, traceparent, baggage } = call;
  const { job, metadata } = readMetadata(call.metadata?.text ?? null);
  return {
    function_id,
    job,
    get signal() {
      return run.signal;
    },
    traceparent,
    baggage,
    metadata,
    iii,
  };
}

/** The engine puts what it says about a job beside what the producer gave. */
function readMetadata(text: string | null): { job: JobFacts | null; metadata: unknown } {
  if (text === null) return { job: null, metadata: null };
  const given: unknown = JSON.parse(text);
  if (typeof given !== 'object' || given === null || !('iii.job' in given)) {
    return { job: null, metadata: given };
  }
  const { 'iii.job': job, ...rest } = given;
  const metadata = Object.keys(rest).length === 0 ? null : rest;
  return { job: job as JobFacts | null, metadata };
}
