import { ChurnMap } from '../base/churn-map.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { InvocationResult, WireError } from '../protocol/messages.ts';
import { InvocationError } from './errors.ts';

/** Calls and messages that may wait for a connection; more are refused. */
const MAX_UNSENT = 10_000;

interface Pending {
  readonly id: string;
  readonly functionId: string;
  readonly resolve: (result: string | null) => void;
  readonly reject: (error: InvocationError) => void;
  readonly cancelTimer: CancelTimer;
}

/** Calls this worker made that have no answer yet, and what waits for a connection. */
export class Calls {
  readonly #clock: Clock;
  readonly #pending = new ChurnMap<string, Pending>();
  /** Frames that wait for a connection, in order: by the call's id, or a symbol when nobody answers. */
  readonly #unsent = new Map<string | symbol, string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Adds a call and sends it, or keeps it for the next connection when `send` is `null`.
   * @returns the JSON text of the result; rejects with InvocationError
   */
  add(
    call: { readonly id: string; readonly functionId: string; readonly frame: string },
    timeoutMs: number,
    send: ((frame: string) => void) | null,
  ): Promise<string | null> {
    const { id, functionId, frame } = call;
    return new Promise((resolve, reject) => {
      if (send === null) this.#keep(id, functionId, frame);
      const cancelTimer = this.#clock.after(timeoutMs, () => {
        const why = this.#unsent.has(id)
          ? 'it was never sent: there is no connection to the engine'
          : 'it was sent, and may still be running';
        this.#take(id);
        const message = `${functionId} did not answer within ${timeoutMs} ms; ${why}`;
        reject(new InvocationError({ code: 'TIMEOUT', message }, functionId));
      });
      this.#pending.set(id, { id, functionId, resolve, reject, cancelTimer });
      send?.(frame);
    });
  }

  /** Keeps a call that nobody answers for the next connection. */
  keep(functionId: string, frame: string): void {
    this.#keep(Symbol(functionId), functionId, frame);
  }

  /** Sends what waited for a connection. */
  flush(send: (frame: string) => void): void {
    for (const frame of this.#unsent.values()) send(frame);
    this.#unsent.clear();
  }

  settle(answer: InvocationResult): void {
    const pending = this.#take(answer.invocationId);
    if (pending === undefined) return;
    if (answer.error === null) pending.resolve(answer.result?.text ?? null);
    else pending.reject(new InvocationError(answer.error, pending.functionId));
  }

  /** Ends calls: those that were sent, or all of them. */
  fail(error: WireError, which: 'sent' | 'all'): void {
    for (const { id, functionId, reject } of this.#pending.values()) {
      if (which === 'sent' && this.#unsent.has(id)) continue;
      this.#take(id);
      reject(new InvocationError(error, functionId));
    }
    if (which === 'all') this.#unsent.clear();
  }

  #take(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    pending?.cancelTimer();
    this.#pending.delete(id);
    this.#unsent.delete(id);
    return pending;
  }

  #keep(key: string | symbol, functionId: string, frame: string): void {
    if (this.#unsent.size >= MAX_UNSENT) {
      const message = `there is no connection to the engine, and ${MAX_UNSENT} calls wait for one`;
      throw new InvocationError({ code: 'not_connected', message, retryable: true }, functionId);
    }
    this.#unsent.set(key, frame);
  }
}
