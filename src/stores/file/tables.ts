/**
 * `jobs`: what never changes of a job, by `seq`. `states`: where a job is and what happened to it, by
 * `seq`; none for a job that was never leased. `queues`: by name. `values`: of the state, by a
 * digest of scope and key; in a folder of their own. `aside`: damaged records, as they
 * were found. `store`: about the store itself.
 */
export const TABLES = ['jobs', 'states', 'queues', 'values', 'aside', 'store'] as const;

export type Table = (typeof TABLES)[number];

export type RecordKey = number | string;

/** Where the values are kept that belong to a store of jobs: a folder in that store's. */
export const STATE_FOLDER = 'state';

/** Where ended jobs are kept that can still be brought back: a folder in that of the jobs. */
export const UNDO_FOLDER = 'undo';
