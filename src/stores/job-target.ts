import type { StoreGaps } from '../queue/store-gaps.ts';
import type { Job, JobState } from '../queue/types.ts';
import type { JobSource } from './job-source.ts';

/** States in which jobs are moved from one place to another. */
export type MovedState = Extract<JobState, 'waiting' | 'delayed' | 'dead'>;

/** Where jobs are moved to. */
export interface JobTarget {
  /** What jobs have in other places and not here. */
  readonly gaps: StoreGaps;

  /** Looks whether it can take what a source has; changes nothing. @throws IiiError CONFLICT */
  check(from: JobSource): Promise<void>;

  /**
   * Puts jobs behind those it has, in this order, except where an earlier run has put them already.
   * Answers each as it is there; `undefined`: it is not.
   */
  put(jobs: readonly Job[]): Promise<readonly (Job | undefined)[]>;

  /** Is told that everything has been moved. */
  finish(): Promise<void>;

  isPaused(queue: string): Promise<boolean>;
  pause(queue: string): Promise<void>;
  close(): Promise<void>;
}

const LARGEST_COUNTED_EPOCH = 2 ** 32 - 2;

/** Epochs that are times are too large for a place that counts them; there they begin anew. */
export function countedEpoch({ epoch }: Job): number {
  return epoch <= LARGEST_COUNTED_EPOCH ? epoch : 0;
}
