import { messageOf } from '../base/errors.ts';
import { encodeTriggerRegistrationResult } from '../protocol/encode.ts';
import type { RegisterTrigger, WireError } from '../protocol/messages.ts';

/** A trigger of a type that this worker provides. */
export interface ProvidedTrigger {
  readonly id: string;
  readonly function_id: string;
  readonly config: unknown;
  readonly metadata: unknown;
}

/** What a worker does that provides a kind of event. When it happens, it calls the function itself. */
export interface TriggerTypeHandler {
  /** A function is bound. What it throws is told to whoever bound it, and it is not bound. */
  registerTrigger(trigger: ProvidedTrigger): unknown;
  /** A binding ended, or the connection did: bindings that are still wanted come again with the next. */
  unregisterTrigger(trigger: ProvidedTrigger): unknown;
}

/** The trigger types this worker provides, and what is bound to them. */
export class Providers {
  readonly #send: (frame: string) => void;
  readonly #handlers = new Map<string, TriggerTypeHandler>();
  readonly #bound = new Map<string, { readonly type: string; readonly trigger: ProvidedTrigger }>();

  constructor(send: (frame: string) => void) {
    this.#send = send;
  }

  add(type: string, handler: TriggerTypeHandler): void {
    this.#handlers.set(type, handler);
  }

  async remove(type: string): Promise<void> {
    await this.#unbindAll(type);
    this.#handlers.delete(type);
  }

  /** Binds a trigger and answers the engine, with the error when that failed. Never throws. */
  async bind(message: RegisterTrigger): Promise<void> {
    const { id, triggerType, functionId: function_id, config, metadata } = message;
    const handler = this.#handlers.get(triggerType);
    let error: WireError | null = null;
    if (handler === undefined) {
      const text = `this worker does not provide the trigger type ${triggerType}`;
      error = { code: 'trigger_type_not_found', message: text };
    } else {
      const trigger = { id, function_id, config, metadata };
      await this.unbind(id);
      this.#bound.set(id, { type: triggerType, trigger });
      try {
        await handler.registerTrigger(trigger);
      } catch (thrown) {
        this.#bound.delete(id);
        error = { code: 'trigger_registration_failed', message: messageOf(thrown) };
      }
    }
    this.#send(encodeTriggerRegistrationResult(message, error));
  }

  /** Never throws: nobody is there to be told. */
  async unbind(id: string): Promise<void> {
    const bound = this.#bound.get(id);
    if (bound === undefined) return;
    this.#bound.delete(id);
    try {
      await this.#handlers.get(bound.type)?.unregisterTrigger(bound.trigger);
    } catch {
      // the trigger is gone for the engine, whatever its provider makes of it
    }
  }

  /** Ends every binding: the connection through which they came is gone. */
  async lost(): Promise<void> {
    await this.#unbindAll(null);
  }

  async #unbindAll(type: string | null): Promise<void> {
    for (const [id, bound] of [...this.#bound]) {
      if (type === null || bound.type === type) await this.unbind(id);
    }
  }
}
