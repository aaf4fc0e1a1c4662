/** One group of a FIFO queue with jobs that can still run. */
export interface GroupView {
  /** The group as it is written everywhere: canonical JSON of the group field's value. */
  readonly group: string;
  /** Jobs of it that can still run, the head among them. */
  readonly jobs: number;
  /** The one job of it that may run. */
  readonly head: {
    readonly id: string;
    readonly functionId: string;
    readonly state: 'waiting' | 'delayed' | 'in_flight';
    readonly attempts: number;
    readonly enqueuedAt: string;
    /** `null` unless delayed. */
    readonly dueAt: string | null;
  };
  /** Why its jobs do not run now; `null` when nothing but their turn is missing. */
  readonly blockedBy: 'backoff' | 'delay' | 'no_worker' | 'paused' | null;
}

export interface GroupList {
  readonly groups: readonly GroupView[];
  /** Groups that match, those beyond `limit` too. */
  readonly total: number;
}
