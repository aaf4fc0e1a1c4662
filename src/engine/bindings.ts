import type { RegisterTrigger, RegisterTriggerType, WireError } from '../protocol/messages.ts';
import type { Worker } from './workers.ts';

/** A trigger: one function bound to one kind of event. */
export interface Binding {
  readonly id: string;
  readonly triggerType: string;
  readonly functionId: string;
  readonly config: unknown;
  readonly metadata: unknown;
  readonly owner: Worker;
}

/** A kind of event that a worker provides. */
export interface ProvidedType {
  readonly id: string;
  readonly description: string;
  readonly triggerRequestFormat: unknown;
  readonly callRequestFormat: unknown;
  readonly provider: Worker;
}

/** How bindings reach the worker that provides their type. Implemented over the protocol. */
export interface ProviderLink {
  bind(provider: Worker, binding: Binding): void;
  unbind(provider: Worker, binding: Binding): void;
  reject(owner: Worker, binding: Binding, error: WireError): void;
}

/**
 * Triggers and the types they belong to. A binding whose type nobody provides is parked and handed
 * over when a provider appears; when a provider leaves, the bindings of others are parked again.
 */
export class Bindings {
  readonly #bindings = new Map<string, Binding>();
  readonly #types = new Map<string, ProvidedType>();
  readonly #link: ProviderLink;

  constructor(link: ProviderLink) {
    this.#link = link;
  }

  /** Adds a binding; one with the same id is replaced. */
  register(owner: Worker, message: RegisterTrigger): void {
    const previous = this.#bindings.get(message.id);
    if (previous !== undefined) this.#drop(previous);
    const binding: Binding = {
      id: message.id,
      triggerType: message.triggerType,
      functionId: message.functionId,
      config: message.config,
      metadata: message.metadata,
      owner,
    };
    this.#bindings.set(binding.id, binding);
    const type = this.#types.get(binding.triggerType);
    if (type !== undefined) this.#link.bind(type.provider, binding);
  }

  unregister(id: string): void {
    const binding = this.#bindings.get(id);
    if (binding !== undefined) this.#drop(binding);
  }

  /** Makes a worker the provider of a type and hands it the bindings that wait for one. */
  provide(provider: Worker, message: RegisterTriggerType): void {
    this.#types.set(message.id, {
      id: message.id,
      description: message.description,
      triggerRequestFormat: message.triggerRequestFormat,
      callRequestFormat: message.callRequestFormat,
      provider,
    });
    for (const binding of this.#bindings.values()) {
      if (binding.triggerType === message.id) this.#link.bind(provider, binding);
    }
  }

  withdraw(provider: Worker, typeId: string): void {
    if (this.#types.get(typeId)?.provider === provider) this.#types.delete(typeId);
  }

  /** A provider's answer to a binding. Only the provider of that type may give it. */
  answer(provider: Worker, bindingId: string, error: WireError | null): void {
    const binding = this.#bindings.get(bindingId);
    if (binding === undefined || error === null) return;
    if (this.#types.get(binding.triggerType)?.provider !== provider) return;
    this.#link.reject(binding.owner, binding, error);
  }

  /** Takes away everything a lost worker bound or provided. */
  removeWorker(worker: Worker): void {
    for (const binding of [...this.#bindings.values()]) {
      if (binding.owner === worker) this.#drop(binding);
    }
    for (const type of [...this.#types.values()]) {
      if (type.provider === worker) this.#types.delete(type.id);
    }
  }

  countOf(worker: Worker): number {
    let count = 0;
    for (const binding of this.#bindings.values()) if (binding.owner === worker) count++;
    return count;
  }

  list(): Binding[] {
    return [...this.#bindings.values()];
  }

  types(): ProvidedType[] {
    return [...this.#types.values()];
  }

  #drop(binding: Binding): void {
    this.#bindings.delete(binding.id);
    const provider = this.#types.get(binding.triggerType)?.provider;
    if (provider?.connected === true) this.#link.unbind(provider, binding);
  }
}
