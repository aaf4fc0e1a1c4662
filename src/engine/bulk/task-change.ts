import { IiiError } from '../../base/errors.ts';
import { ENDED, type TaskRecord } from './task.ts';

export type TaskChange = 'pause' | 'resume' | 'cancel';

const DONE: Readonly<Record<TaskChange, string>> = {
  pause: 'paused',
  resume: 'resumed',
  cancel: 'cancelled',
};
const RESULT = { pause: 'paused', resume: 'running', cancel: 'cancelled' } as const;

/** Refuses what cannot be done to a task that has ended. @throws IiiError CONFLICT */
export function refuseEnded({ id, state }: TaskRecord, change: TaskChange): void {
  if (!ENDED.includes(state) || (change === 'cancel' && state === 'cancelled')) return;
  throw new IiiError('CONFLICT', `task '${id}' cannot be ${DONE[change]}: it is ${state}`, {
    hint: `iii task show ${id}`,
  });
}

/** What a change would make of a task as it is now. @throws IiiError CONFLICT, as the change would */
export function foresee(record: TaskRecord, change: TaskChange): TaskRecord {
  refuseEnded(record, change);
  return { ...record, state: RESULT[change] };
}
