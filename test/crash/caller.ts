import { randomUUID } from 'node:crypto';
import type { Frame } from './connection.ts';
import { Connection } from './connection.ts';

/** How a call went: without an answer nobody knows whether it took place. */
export type Answer =
  | { readonly kind: 'result'; readonly value: unknown }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'none' };

/** Calls functions of an engine that comes and goes. */
export class Caller {
  readonly #connection: Connection;
  readonly #pending = new Map<string, (answer: Answer) => void>();
  readonly #waiting: (() => void)[] = [];

  constructor(url: string) {
    this.#connection = new Connection(url, {
      opened: () => {
        for (const resolve of this.#waiting.splice(0)) resolve();
      },
      frame: (frame) => this.#answered(frame),
      closed: () => this.#closed(),
    });
  }

  /** Resolves as soon as there is a connection. */
  whenOpen(): Promise<void> {
    if (this.#connection.isOpen) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  call(functionId: string, data: unknown = {}): Promise<Answer> {
    const id = randomUUID();
    const frame = { type: 'invokefunction', invocation_id: id, function_id: functionId, data };
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      if (this.#connection.send(JSON.stringify(frame))) return;
      this.#pending.delete(id);
      resolve({ kind: 'none' });
    });
  }

  stop(): void {
    this.#connection.stop();
  }

  #answered(frame: Frame): void {
    const id = String(frame['invocation_id']);
    const resolve = this.#pending.get(id);
    if (frame['type'] !== 'invocationresult' || resolve === undefined) return;
    this.#pending.delete(id);
    const error = frame['error'] as { message: string } | null | undefined;
    if (error === undefined || error === null) resolve({ kind: 'result', value: frame['result'] });
    else resolve({ kind: 'error', message: error.message });
  }

  #closed(): void {
    for (const resolve of this.#pending.values()) resolve({ kind: 'none' });
    this.#pending.clear();
  }
}
