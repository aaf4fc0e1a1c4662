import {
  encodeRegisterFunction,
  encodeRegisterTriggerType,
  type FunctionDescription,
  type TriggerTypeDescription,
} from '../protocol/worker-frames.ts';
import { encodeRegisterTrigger } from '../protocol/encode.ts';
import type { Handler } from './worker.ts';

interface OfferedFunction {
  readonly frame: string;
  /** `null` for a function that is called over HTTP. */
  readonly handler: Handler | null;
}

export interface TriggerDescription {
  readonly id: string;
  readonly triggerType: string;
  readonly functionId: string;
  readonly config: unknown;
  readonly metadata: unknown;
}

/** What this worker offers, kept to be said again on each new connection. */
export class Registrations {
  readonly #types = new Map<string, string>();
  readonly #functions = new Map<string, OfferedFunction>();
  readonly #triggers = new Map<string, string>();
  /** Functions the engine was told to forget, and may still have sent calls of. */
  readonly #leaving = new Map<string, OfferedFunction>();

  /** Every frame, in the order in which the SDKs replay: types, functions, triggers. */
  frames(): string[] {
    const functions = [...this.#functions.values()].map(({ frame }) => frame);
    return [...this.#types.values(), ...functions, ...this.#triggers.values()];
  }

  functionIds(): string[] {
    return [...this.#functions.keys()];
  }

  /** `undefined`: not offered; `null`: offered, and called over HTTP. */
  handlerOf(functionId: string): Handler | null | undefined {
    return (this.#functions.get(functionId) ?? this.#leaving.get(functionId))?.handler;
  }

  has(functionId: string): boolean {
    return this.#functions.has(functionId);
  }

  /** @returns the frame to send; throws when this worker offers the id already */
  addFunction(described: FunctionDescription, handler: Handler | null): string {
    const { id } = described;
    if (typeof id !== 'string' || id.trim() === '') {
      throw new TypeError('a function needs an id such as orders::charge');
    }
    if (this.#functions.has(id)) throw new Error(`function id already registered: ${id}`);
    const frame = encodeRegisterFunction(described);
    this.#functions.set(id, { frame, handler });
    return frame;
  }

  /** Calls that are on their way still find its handler, until it is forgotten. */
  removeFunction(id: string): boolean {
    const offered = this.#functions.get(id);
    if (offered !== undefined) this.#leaving.set(id, offered);
    return this.#functions.delete(id);
  }

  forgetFunction(id: string): void {
    this.#leaving.delete(id);
  }

  addTrigger(described: TriggerDescription): string {
    const frame = encodeRegisterTrigger(described);
    this.#triggers.set(described.id, frame);
    return frame;
  }

  removeTrigger(id: string): boolean {
    return this.#triggers.delete(id);
  }

  addType(described: TriggerTypeDescription): string {
    const frame = encodeRegisterTriggerType(described);
    this.#types.set(described.id, frame);
    return frame;
  }

  removeType(id: string): boolean {
    return this.#types.delete(id);
  }
}
