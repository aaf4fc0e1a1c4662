import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { encodeInvoke } from '../protocol/client-frames.ts';
import type { InvocationResult, InvokeAction, WireError } from '../protocol/messages.ts';
import { Calls } from './calls.ts';
import { currentCall } from './current-call.ts';
import { InvocationError } from './errors.ts';
import type { BatchJob, Receipt, TriggerRequest } from './worker.ts';

export interface CallerParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Longest wait for an answer, unless a call has its own. */
  readonly timeoutMs: number;
  readonly connection: { readonly isOpen: boolean; send(frame: string): void };
}

/** The half of a worker that calls. What cannot be sent now waits for the next connection. */
export class Caller {
  readonly #parts: CallerParts;
  readonly #calls: Calls;
  #stopped: WireError | undefined;

  constructor(parts: CallerParts) {
    this.#parts = parts;
    this.#calls = new Calls(parts.clock);
  }

  /** The overloads of Worker say what each action answers. */
  async trigger<Output>(request: TriggerRequest): Promise<Output> {
    const { function_id, payload, action, timeoutMs, metadata } = request;
    if (typeof function_id !== 'string') {
      const message = 'the call names no function: function_id must be a text';
      throw new InvocationError({ code: 'invocation_error', message }, '');
    }
    if (action?.type === 'void') {
      this.send(function_id, payload, metadata);
      return undefined as Output;
    }
    const { connection, random } = this.#parts;
    const id = random.uuid();
    const frame = this.#encode(id, function_id, payload, readAction(action, function_id), metadata);
    const send = (text: string): void => {
      connection.send(text);
    };
    const result = await this.#calls.add(
      { id, functionId: function_id, frame },
      timeoutMs ?? this.#parts.timeoutMs,
      connection.isOpen ? send : null,
    );
    return (result === null ? undefined : JSON.parse(result)) as Output;
  }

  /** Calls without waiting. @throws InvocationError when it cannot be sent, nor wait to be sent */
  send(functionId: string, payload: unknown, metadata?: unknown): void {
    const { connection } = this.#parts;
    const frame = this.#encode(null, functionId, payload, { kind: 'void' }, metadata);
    if (connection.isOpen) connection.send(frame);
    else this.#calls.keep(functionId, frame);
  }

  async enqueueBatch(
    jobs: readonly BatchJob[],
    options: { readonly queue?: string; readonly timeoutMs?: number },
  ): Promise<readonly Receipt[]> {
    const { queue, ...more } = options;
    const payload = {
      queue,
      jobs: jobs.map(({ payload: data = null, ...job }) => ({ ...job, data })),
    };
    const { messageReceiptIds } = await this.trigger<{
      readonly messageReceiptIds: readonly string[];
    }>({ ...more, function_id: 'iii::queue::enqueue_batch', payload });
    return messageReceiptIds.map((messageReceiptId) => ({ messageReceiptId }));
  }

  /** Sends what waited; there is a connection now. */
  flush(): void {
    this.#calls.flush((frame) => {
      this.#parts.connection.send(frame);
    });
  }

  settle(answer: InvocationResult): void {
    this.#calls.settle(answer);
  }

  /** Ends calls: those that were sent, or all of them. */
  fail(error: WireError, which: 'sent' | 'all'): void {
    this.#calls.fail(error, which);
  }

  /** Ends every call, and refuses those to come. */
  stop(error: WireError): void {
    this.#stopped = error;
    this.fail(error, 'all');
  }

  /** A call made inside a handler carries on the trace of that handler. */
  #encode(
    invocationId: string | null,
    functionId: string,
    payload: unknown,
    action: InvokeAction,
    metadata: unknown,
  ): string {
    if (this.#stopped !== undefined) throw new InvocationError(this.#stopped, functionId);
    const { traceparent = null, baggage = null } = currentCall.getStore() ?? {};
    return encodeInvoke({
      invocationId,
      functionId,
      data: toText(payload, functionId) ?? 'null',
      action,
      traceparent,
      baggage,
      metadata: toText(metadata, functionId),
    });
  }
}

/** Plain JavaScript may pass what the types do not allow. A misspelt type must not become a job. */
function readAction(action: unknown, functionId: string): InvokeAction {
  if (action === undefined || action === null) return { kind: 'call' };
  const options = Object(action) as Readonly<Record<string, unknown>>;
  if (options['type'] === 'enqueue') return { kind: 'enqueue', options: { ...options } };
  const message = 'the action of a call must be TriggerAction.Enqueue or TriggerAction.Void';
  throw new InvocationError({ code: 'invocation_error', message }, functionId);
}

function toText(value: unknown, functionId: string): string | null {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text ?? null;
  } catch (cause) {
    const message = `what is sent to ${functionId} cannot be written as JSON: ${messageOf(cause)}`;
    throw new InvocationError({ code: 'serialization_error', message }, functionId);
  }
}
