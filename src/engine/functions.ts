import type { FunctionOffer } from '../queue/store.ts';
import type { Access } from './access.ts';
import type { Worker } from './workers.ts';

/** What a worker said about a function when it registered it. */
export interface FunctionFacts {
  readonly description: string | null;
  readonly requestFormat: unknown;
  readonly responseFormat: unknown;
  readonly metadata: unknown;
  /** Present when the function is to be called over HTTP instead of over this connection. */
  readonly invocation: Readonly<Record<string, unknown>> | null;
}

/** One worker's offer of a function. */
export interface Registration {
  readonly worker: Worker;
  readonly facts: FunctionFacts;
}

/** Who calls a function that runs inside the engine, and with what. */
export interface LocalCall {
  /** JSON text. */
  readonly data: string;
  /** JSON text of the invocation's metadata. */
  readonly metadata: string | null;
  readonly traceparent: string | null;
  readonly baggage: string | null;
  /** The connection that called; `null` for jobs and in-process calls. */
  readonly caller: Worker | null;
}

/** A function that runs in this process: one of the engine's own, or an embedder's. */
export interface LocalFunction {
  readonly id: string;
  readonly description: string | null;
  /** What a caller's role must allow; `trigger` for an embedder's own. */
  readonly access: Access;
  /** One of the engine's own and not an embedder's: listings leave it out unless asked. */
  readonly internal?: boolean;
  /** Returns the result's JSON text, or `null` for none. What it throws is the call's error. */
  readonly run: (call: LocalCall) => Promise<string | null>;
}

/** A function as listings show it. */
export interface FunctionListing {
  readonly id: string;
  readonly facts: FunctionFacts;
  readonly workers: readonly Worker[];
  /** One of the engine's own. */
  readonly internal: boolean;
  readonly local: boolean;
}

const NO_FACTS: FunctionFacts = {
  description: null,
  requestFormat: null,
  responseFormat: null,
  metadata: null,
  invocation: null,
};

/**
 * Function id to whoever offers it. Several workers may offer one id; the least busy takes the next
 * call. Functions inside the engine live here too and cannot be shadowed.
 */
export class FunctionRegistry implements FunctionOffer {
  readonly #registrations = new Map<string, Registration[]>();
  readonly #locals = new Map<string, LocalFunction>();
  /** Called when functions or capacity appeared: waiting jobs may be able to run. */
  onOffer: () => void = () => undefined;
  /** Called when a job was held back only because a worker's socket is behind. */
  onCongestion: () => void = () => undefined;

  addLocal(local: LocalFunction): void {
    this.#locals.set(local.id, local);
    this.onOffer();
  }

  removeLocal(id: string): void {
    this.#locals.delete(id);
  }

  local(id: string): LocalFunction | undefined {
    return this.#locals.get(id);
  }

  /** Adds a worker's offer, or replaces its earlier one. Ids of local functions are refused. */
  register(worker: Worker, id: string, facts: FunctionFacts): boolean {
    if (this.#locals.has(id)) return false;
    const registrations = (this.#registrations.get(id) ?? []).filter((r) => r.worker !== worker);
    registrations.push({ worker, facts });
    this.#registrations.set(id, registrations);
    worker.functions.add(id);
    this.onOffer();
    return true;
  }

  unregister(worker: Worker, id: string): void {
    worker.functions.delete(id);
    const rest = (this.#registrations.get(id) ?? []).filter((r) => r.worker !== worker);
    if (rest.length > 0) this.#registrations.set(id, rest);
    else this.#registrations.delete(id);
  }

  unregisterAll(worker: Worker): void {
    for (const id of [...worker.functions]) this.unregister(worker, id);
  }

  /** Whether somebody can take a job for this function now. */
  has(id: string): boolean {
    if (this.#locals.has(id)) return true;
    const registrations = this.#registrations.get(id);
    if (registrations === undefined) return false;
    let congested = false;
    for (const { worker, facts } of registrations) {
      // whoever answers over HTTP has limits of its own
      if (facts.invocation !== null) return true;
      if (worker.isFull()) continue;
      if (!worker.isCongested()) return true;
      congested = true;
    }
    if (congested) this.onCongestion();
    return false;
  }

  get isEmpty(): boolean {
    return this.#registrations.size === 0;
  }

  /** Whether anybody offers this function, busy or not. */
  isOffered(id: string): boolean {
    return this.#locals.has(id) || this.#registrations.has(id);
  }

  /**
   * The offer whose worker has the fewest calls in flight; among equals, the one that had to wait
   * longest. One that is called over HTTP has none in flight.
   */
  pick(id: string): Registration | undefined {
    const registrations = this.#registrations.get(id);
    if (registrations === undefined) return undefined;
    let best: Registration | undefined;
    let bestIndex = -1;
    for (const [index, registration] of registrations.entries()) {
      if (!registration.worker.connected) continue;
      if (registration.facts.invocation === null && registration.worker.isFull()) continue;
      if (best === undefined || loadOf(registration) < loadOf(best)) {
        best = registration;
        bestIndex = index;
      }
    }
    if (best !== undefined && registrations.length > 1) {
      registrations.splice(bestIndex, 1);
      registrations.push(best);
    }
    return best;
  }

  get(id: string): FunctionListing | undefined {
    const local = this.#locals.get(id);
    if (local !== undefined) {
      const facts = { ...NO_FACTS, description: local.description };
      return { id, facts, workers: [], internal: local.internal ?? false, local: true };
    }
    const registrations = this.#registrations.get(id);
    const newest = registrations?.at(-1);
    if (registrations === undefined || newest === undefined) return undefined;
    const workers = registrations.map((r) => r.worker);
    return { id, facts: newest.facts, workers, internal: false, local: false };
  }

  /** Every function, by id. */
  list(): FunctionListing[] {
    const ids = [...this.#locals.keys(), ...this.#registrations.keys()].sort();
    return ids.flatMap((id) => this.get(id) ?? []);
  }
}

function loadOf({ worker, facts }: Registration): number {
  return facts.invocation === null ? worker.inFlight : 0;
}
