import type { EngineEvent } from '../engine/events.ts';

/** One thing that happened in the engine. Members that do not apply are absent. */
export interface EventView {
  readonly seq: number;
  readonly at: string;
  readonly kind: EngineEvent['kind'];
  readonly queue?: string;
  readonly id?: string;
  readonly functionId?: string;
  readonly workerId?: string;
  readonly worker?: string;
  readonly attempt?: number;
  readonly waitedMs?: number;
  readonly durationMs?: number;
  readonly dueAt?: string;
  readonly reason?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly jobs?: number;
  readonly paused?: boolean;
}

export interface EventPage {
  readonly events: readonly EventView[];
  /** What to pass as `after` next. */
  readonly last: number;
  /** Events between `after` and the first of these that are no longer known. */
  readonly missed: number;
}
