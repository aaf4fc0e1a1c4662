/** What may stand beside the queue's name when a job is enqueued. */
export interface EnqueueOptions {
  /** Default: the queue `default`. */
  readonly queue?: string;
  /** Not before this long from now. */
  readonly delay_ms?: number;
  /** Not before this time: RFC 3339, or milliseconds since 1970. Not together with `delay_ms`. */
  readonly run_at?: string | number;
  /** Higher runs first; standard queues only. Default 0. */
  readonly priority?: number;
  /** While a job of the queue with this key is not finished, its receipt is the answer. */
  readonly dedup_key?: string;
  /** Dead as `expired` when it has not started by then. */
  readonly ttl_ms?: number;
  /** Attempts in total, for this job. */
  readonly max_retries?: number;
  /** Delay after its first failed attempt. */
  readonly backoff_ms?: number;
  /** Longest time of one of its attempts. */
  readonly timeout_ms?: number;
}

export type EnqueueAction = EnqueueOptions & { readonly type: 'enqueue' };
export interface VoidAction {
  readonly type: 'void';
}

/** How a function is called, where it is not called for its result. */
export type TriggerAction = EnqueueAction | VoidAction;

export const TriggerAction = {
  /** Puts the call in a queue: it is answered with a receipt as soon as the engine has it. */
  Enqueue: (options: EnqueueOptions = {}): EnqueueAction => ({ ...options, type: 'enqueue' }),
  /** Calls the function without waiting for anything. */
  Void: (): VoidAction => ({ type: 'void' }),
} as const;
