import type { WaitReason } from './explanation-contract.ts';

/** How a group was parked. */
export interface ParkedView {
  readonly by: string;
  readonly since: string;
  /** When it goes on by itself; `null`: when somebody resumes it. */
  readonly until: string | null;
}

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
    /** `null` unless delayed, and where the group waits until somebody resumes it. */
    readonly dueAt: string | null;
  };
  /** Why its jobs do not run now; `null` when nothing but their turn is missing. */
  readonly blockedBy: 'parked' | 'backoff' | 'delay' | 'no_worker' | 'paused' | null;
}

export interface GroupList {
  readonly groups: readonly GroupView[];
  /** Groups that match, those beyond `limit` too. */
  readonly total: number;
}

/** A job that waits behind the head. */
export interface GroupFollower {
  readonly id: string;
  readonly functionId: string;
  readonly attempts: number;
  readonly enqueuedAt: string;
}

/** Everything about one group. */
export interface GroupDetail extends GroupView {
  readonly queue: string;
  /** The error of the head's last attempt; `null` before any failed. */
  readonly failure: {
    readonly at: string;
    readonly worker: string;
    readonly error: { readonly code: string; readonly message: string };
  } | null;
  /** Why the head does not run, the first thing to look at first. */
  readonly reasons: readonly WaitReason[];
  /** `null` unless parked. */
  readonly parked: ParkedView | null;
  /** The first jobs behind the head, in the order in which they will run; `jobs` counts all. */
  readonly behind: readonly GroupFollower[];
}

/** One group, named as it is written everywhere, or by the bare text of its value. */
export interface GroupInput {
  readonly queue: string;
  readonly group: string;
}

interface HeadInput extends GroupInput {
  /** The head that is meant: when it is another one by now, nothing is done. */
  readonly headId?: string;
  readonly dryRun?: boolean;
}

interface HeadResult {
  readonly queue: string;
  readonly group: string;
  /** The job that was the head. */
  readonly id: string;
  readonly functionId: string;
}

/** Admin functions about groups of FIFO queues. */
export interface GroupContract {
  /** Groups with jobs that can still run, oldest head first. */
  'iii::group::list': {
    input: {
      readonly queue: string;
      /** Only those that something other than their turn holds back. */
      readonly blocked?: boolean;
      readonly limit?: number;
    };
    result: GroupList;
  };
  /** `limit`: jobs behind the head in the answer, at most. */
  'iii::group::get': { input: GroupInput & { readonly limit?: number }; result: GroupDetail };
  /** Ends the head as dead with reason `skipped`, and lets the group go on. Redrive undoes it. */
  'iii::group::skip': {
    input: HeadInput & { readonly reason?: string };
    result: HeadResult & {
      /** The job that is the head now; `null` when the group has none. */
      readonly nextId: string | null;
    };
  };
  /** Lets the head, and so the group, wait until a time or until it is resumed. */
  'iii::group::park': {
    input: HeadInput & { readonly until?: string };
    result: HeadResult & { readonly until: string | null };
  };
  /** Lets a parked group go on; `changed` is false when it was not parked. */
  'iii::group::resume': {
    input: HeadInput;
    result: HeadResult & { readonly changed: boolean };
  };
}

export const GROUP_ROLES: Readonly<Record<keyof GroupContract, 'read' | 'operate'>> = {
  'iii::group::list': 'read',
  'iii::group::get': 'read',
  'iii::group::skip': 'operate',
  'iii::group::park': 'operate',
  'iii::group::resume': 'operate',
};
