/** The kinds of store there are. */
export type StoreKind = 'memory' | 'file' | 'redis' | 'rabbitmq';

/**
 * What a store may be unable to do. Where a queue has to ask for it, the name is that of its key in
 * the configuration.
 */
export type StoreFeature =
  /** Jobs with a priority other than 0. */
  | 'priority'
  /** Showing, counting by function and cancelling jobs that wait. */
  | 'browse_waiting'
  /** Showing finished jobs. */
  | 'retention'
  | 'ttl_ms'
  | 'rate_limit'
  | 'group_concurrency'
  | 'dead_letter_queue'
  /** One job at a time for a `dedup_key`. */
  | 'dedup_key'
  /** Totals that survive a restart. */
  | 'totals'
  /** Another `type` of a queue at once, also while its jobs run. */
  | 'live_type'
  /** Moving, editing and importing jobs, and undoing their end: `JobBrowser.rewrite`. */
  | 'rewrite';

/** Why a store cannot do it, as one sentence for people; what is not here it can. */
export type StoreGaps = Readonly<Partial<Record<StoreFeature, string>>>;

const NO_REWRITE = 'jobs are not moved, edited or imported there';

/**
 * What each kind of store cannot do: refused by the configuration where a queue asks for it, and
 * skipped by name in the tests that all stores share.
 */
export const STORE_GAPS: Readonly<Record<StoreKind, StoreGaps>> = {
  memory: {},
  file: {},
  redis: {},
  rabbitmq: {
    rate_limit: 'a broker does not count attempts over several engines',
    priority: 'quorum queues keep one order, and a message in a queue cannot be overtaken',
    dedup_key: 'nobody can look into the queues of a broker for another job with the key',
    browse_waiting:
      'nobody can look into the queues of a broker: only what an engine holds is shown',
    retention:
      'a finished job is gone from the broker; the engine that ran it knows it until it ends',
    totals: 'a broker does not count for us: totals begin anew with each engine',
    live_type: 'the queues at the broker are made anew, which waits until nothing is in flight',
    rewrite: NO_REWRITE,
  },
};
