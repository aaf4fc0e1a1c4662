import { IiiError, messageOf } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import type { RegisterTriggerType, WireError } from '../protocol/messages.ts';
import type { Worker } from './workers.ts';

/** A trigger: one function bound to one kind of event. */
export interface Binding {
  readonly id: string;
  readonly triggerType: string;
  readonly functionId: string;
  readonly config: unknown;
  readonly metadata: unknown;
  /** Who registered it, and takes it away by leaving; `null` when it belongs to no connection. */
  readonly owner: Worker | null;
}

/** A kind of event that a worker provides. */
export interface ProvidedType {
  readonly id: string;
  readonly description: string;
  readonly triggerRequestFormat: unknown;
  readonly callRequestFormat: unknown;
  readonly provider: Worker;
}

/** Why a binding ends: somebody said so, its worker is gone, or another with its id took its place. */
export type UnbindCause = 'unregistered' | 'worker_lost' | 'replaced';

/** A kind of event that the engine itself provides, such as `http` or `cron`. */
export interface TriggerType {
  readonly id: string;
  readonly description: string;
  /**
   * @param warn tells the binding's worker of what means nothing in its config
   * @throws IiiError when the binding's config cannot be used; its worker is told, nothing is bound
   */
  bind(binding: Binding, warn: (warning: string) => void): void;
  unbind(binding: Binding, cause: UnbindCause): void;
  /** What listings say about a binding beside what was registered, under the names they use. */
  facts?(binding: Binding): Readonly<Record<string, unknown>>;
  /** The engine stops: nothing fires from now on. */
  stop?(): void;
}

/** How bindings reach the worker that provides their type. Implemented over the protocol. */
export interface ProviderLink {
  bind(provider: Worker, binding: Binding): void;
  unbind(provider: Worker, binding: Binding): void;
  reject(owner: Worker, binding: Binding, error: WireError): void;
  /** The binding is there; what is said of it comes from its config. */
  warn(owner: Worker, binding: Binding, warnings: readonly string[]): void;
}

/** A trigger as it is asked for. */
export type NewBinding = Omit<Binding, 'owner'>;

/**
 * Triggers and the types they belong to. A binding whose type nobody provides is parked and handed
 * over when a provider appears; when a provider leaves, the bindings of others are parked again.
 */
export class Bindings {
  readonly #bindings = new Map<string, Binding>();
  readonly #types = new Map<string, ProvidedType>();
  readonly #builtIn = new Map<string, TriggerType>();
  /** Who waits for a provider's answer, by binding. */
  readonly #awaited = new Map<string, (error: WireError | null) => void>();
  readonly #link: ProviderLink;

  constructor(link: ProviderLink) {
    this.#link = link;
  }

  /** Adds types the engine provides. Before any binding comes. */
  addBuiltIn(type: TriggerType): void {
    this.#builtIn.set(type.id, type);
  }

  /** No type of the engine fires from now on; the bindings stay. */
  stop(): void {
    for (const type of this.#builtIn.values()) type.stop?.();
  }

  builtIn(): TriggerType[] {
    return [...this.#builtIn.values()];
  }

  /**
   * Adds a binding; one with the same id is replaced.
   * @param owner `null`: it stays until somebody unregisters it
   * @returns why it cannot be; its owner was told, and it is not there
   */
  register(
    owner: Worker | null,
    { id, triggerType, functionId, config, metadata }: NewBinding,
  ): WireError | null {
    const previous = this.#bindings.get(id);
    if (previous !== undefined) this.#drop(previous, 'replaced');
    const binding: Binding = { id, triggerType, functionId, config, metadata, owner };
    const builtIn = this.#builtIn.get(triggerType);
    if (builtIn !== undefined) {
      const warnings: string[] = [];
      try {
        checkForm(binding);
        builtIn.bind(binding, (warning) => warnings.push(warning));
      } catch (thrown) {
        const error = { code: 'trigger_registration_failed', message: messageOf(thrown) };
        if (owner !== null) this.#link.reject(owner, binding, error);
        return error;
      }
      if (owner !== null && warnings.length > 0) this.#link.warn(owner, binding, warnings);
    }
    this.#bindings.set(id, binding);
    if (owner !== null && this.isParked(triggerType)) {
      // to wait for a provider is no mistake, so a worker is told only when the type looks misspelt
      const question = didYouMean(triggerType, [...this.#builtIn.keys(), ...this.#types.keys()]);
      const warning = `it waits: no worker provides its type${question}`;
      if (question !== '') this.#link.warn(owner, binding, [warning]);
    }
    const type = this.#types.get(triggerType);
    if (type !== undefined) this.#link.bind(type.provider, binding);
    return null;
  }

  /** Whether triggers of this type wait, because nobody provides it now. */
  isParked(triggerType: string): boolean {
    return !this.#builtIn.has(triggerType) && !this.#types.has(triggerType);
  }

  /** Whether the answer of a provider decides about a trigger of this type. */
  isProvided(triggerType: string): boolean {
    return this.#types.has(triggerType);
  }

  /** Calls `answered` when the provider of a binding's type answers. Returns the call that ends that. */
  awaitAnswer(id: string, answered: (error: WireError | null) => void): () => void {
    this.#awaited.set(id, answered);
    return () => {
      this.#awaited.delete(id);
    };
  }

  /** Whether there was such a binding. */
  unregister(id: string): boolean {
    const binding = this.#bindings.get(id);
    if (binding !== undefined) this.#drop(binding, 'unregistered');
    return binding !== undefined;
  }

  /** What listings say about a binding beside what was registered. */
  factsOf(binding: Binding): Readonly<Record<string, unknown>> {
    if (this.isParked(binding.triggerType)) {
      return { config_summary: `waits: no worker provides the type ${binding.triggerType}` };
    }
    return this.#builtIn.get(binding.triggerType)?.facts?.(binding) ?? {};
  }

  /**
   * Makes a worker the provider of a type and hands it the bindings that wait for one. Types of the
   * engine are refused.
   */
  provide(provider: Worker, message: RegisterTriggerType): void {
    if (this.#builtIn.has(message.id)) return;
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
    if (binding === undefined) return;
    if (this.#types.get(binding.triggerType)?.provider !== provider) return;
    this.#awaited.get(bindingId)?.(error);
    if (error === null) return;
    if (binding.owner !== null) this.#link.reject(binding.owner, binding, error);
  }

  /** Takes away everything a lost worker bound or provided. */
  removeWorker(worker: Worker): void {
    for (const binding of [...this.#bindings.values()]) {
      if (binding.owner === worker) this.#drop(binding, 'worker_lost');
    }
    for (const type of [...this.#types.values()]) {
      if (type.provider === worker) this.#types.delete(type.id);
    }
  }

  /** Bindings of one owner. */
  countOf(worker: Worker | null): number {
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

  #drop(binding: Binding, cause: UnbindCause): void {
    this.#bindings.delete(binding.id);
    this.#builtIn.get(binding.triggerType)?.unbind(binding, cause);
    const provider = this.#types.get(binding.triggerType)?.provider;
    if (provider?.connected === true) this.#link.unbind(provider, binding);
  }
}

/**
 * What holds for every type of the engine; the types of workers take any config. One without members
 * is not taken for an empty one: a trigger that is to fire for one thing would fire for all.
 */
function checkForm({ triggerType, functionId, config }: Binding): void {
  if (functionId.trim() === '') {
    throw new IiiError('INVALID_ARGUMENTS', 'function_id must not be empty');
  }
  if ((config ?? null) === null || (typeof config === 'object' && !Array.isArray(config))) return;
  const given = Array.isArray(config) ? 'a list' : `a ${typeof config}`;
  throw new IiiError(
    'INVALID_ARGUMENTS',
    `the config of a trigger of type ${triggerType} must be an object, not ${given}`,
  );
}
