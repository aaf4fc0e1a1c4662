/** What the demo tells its worker process. */
export type ToWorker =
  /** Gives it the template it lacks. */
  | { readonly kind: 'mend' }
  /** Asks for its log. */
  | { readonly kind: 'report' };

/** What the worker process tells the demo. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'mended' }
  | { readonly kind: 'log'; readonly entries: readonly LogEntry[] };

/** One line of the worker's own log, in the order in which things happened there. */
export interface LogEntry {
  readonly event: 'started' | 'completed' | 'failed';
  readonly jobId: string;
  readonly queue: string;
  /** Payments only: whose it is, and its place among those. */
  readonly account: string | null;
  readonly number: number | null;
}
