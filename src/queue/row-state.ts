import type { JobState } from './types.ts';

/** Values of the `state` column. */
export const ROW = {
  free: 0,
  /** Being accepted: it has its place and its keys, and nobody sees it yet. */
  admitted: 1,
  waiting: 2,
  delayed: 3,
  inFlight: 4,
  dead: 5,
  completed: 6,
  discarded: 7,
} as const;

export const ROW_STATES = 8;

const NAMES: readonly (JobState | undefined)[] = [
  undefined,
  undefined,
  'waiting',
  'delayed',
  'in_flight',
  'dead',
  'completed',
  'discarded',
];

/** The name of a state; `undefined` for rows that nobody sees. */
export function stateName(state: number): JobState | undefined {
  return NAMES[state];
}

/** Whether a job in this state keeps the later jobs of its group from being the head. */
export function isAlive(state: number): boolean {
  return state >= ROW.waiting && state <= ROW.inFlight;
}

/** Values of the `hold` column, 0 for none: why a row is out of reach although its state says otherwise. */
export const HOLD = {
  /** A change of it is on its way to disk. */
  reserved: 1,
  /** Its time to live ended; it waits to be reclaimed. */
  expired: 2,
  /** It was in flight when its engine went away; it waits to be reclaimed. */
  orphaned: 4,
} as const;
