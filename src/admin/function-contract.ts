/** Functions: who offers them, and what refers to them. */

export interface FunctionView {
  readonly functionId: string;
  readonly description: string | null;
  readonly workers: readonly string[];
  readonly inFlight: number;
  readonly kind: 'worker' | 'engine' | 'http';
}

/** `function`: it is called; `condition`: it is asked whether another one is to be called. */
export type FunctionUse = 'function' | 'condition';

export interface FunctionDetail extends Omit<FunctionView, 'kind'> {
  /** `null` while nobody offers it. */
  readonly kind: FunctionView['kind'] | null;
  /** The workers of this engine that offer it. */
  readonly offers: readonly {
    readonly workerId: string;
    readonly worker: string;
    readonly runtime: string;
    readonly connectedAt: string;
    /** Calls of this function that it has not answered. */
    readonly inFlight: number;
    /** Calls of any function it takes at once; `null` when it has no limit of its own. */
    readonly concurrency: number | null;
  }[];
  /** Workers that offer it to other engines on the same jobs. */
  readonly elsewhere: number;
  /** Queues in which jobs wait for it, or ran on it lately; the queues of subscriptions are with those. */
  readonly queues: readonly { readonly queue: string; readonly waiting: number }[];
  readonly triggers: readonly {
    readonly id: string;
    readonly type: string;
    readonly as: FunctionUse;
    readonly config: unknown;
    /** The worker that registered it; `null` when it belongs to no connection. */
    readonly worker: string | null;
  }[];
  readonly subscriptions: readonly {
    readonly topic: string;
    readonly queue: string;
    readonly as: FunctionUse;
    readonly waiting: number;
    readonly dead: number;
  }[];
  /** JSON Schemas of what it takes and answers, as a worker gave them. */
  readonly requestFormat: unknown;
  readonly responseFormat: unknown;
}

export interface FunctionContract {
  'iii::function::list': {
    input: { readonly includeInternal?: boolean };
    result: { readonly functions: readonly FunctionView[] };
  };
  /** Also of one that nobody offers, while something refers to it. */
  'iii::function::get': { input: { readonly functionId: string }; result: FunctionDetail };
}

export const FUNCTION_ROLES: Readonly<Record<keyof FunctionContract, 'read'>> = {
  'iii::function::list': 'read',
  'iii::function::get': 'read',
};
