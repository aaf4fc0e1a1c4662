/**
 * Where an alert of one queue is:
 *
 *     quiet → pending (it is so, but not for long enough) → firing → quiet
 *
 * Told are the change to `firing`, again every `repeatMs` while it lasts, and the end of it. What
 * ends while it is pending is never told.
 */
export type AlertPhase =
  | { readonly kind: 'quiet' }
  | { readonly kind: 'pending'; readonly since: number }
  | {
      readonly kind: 'firing';
      /** When what is told began. */
      readonly since: number;
      readonly toldAt: number;
    };

/** What is to be told; `repeated` is `firing` once more. */
export type AlertNews = 'firing' | 'repeated' | 'resolved';

export interface AlertTiming {
  /** How long it must be so before it fires. */
  readonly forMs: number;
  /** `null`: told once. */
  readonly repeatMs: number | null;
}

export interface AlertStep {
  readonly phase: AlertPhase;
  readonly news: AlertNews | null;
}

export const QUIET: AlertPhase = { kind: 'quiet' };

/** The phase after a look at whether it `isSo` now. */
export function nextPhase(
  phase: AlertPhase,
  isSo: boolean,
  now: number,
  { forMs, repeatMs }: AlertTiming,
): AlertStep {
  if (!isSo) return { phase: QUIET, news: phase.kind === 'firing' ? 'resolved' : null };
  if (phase.kind === 'firing') {
    if (repeatMs === null || now - phase.toldAt < repeatMs) return { phase, news: null };
    return { phase: { ...phase, toldAt: now }, news: 'repeated' };
  }
  const since = phase.kind === 'pending' ? phase.since : now;
  if (now - since < forMs) return { phase: { kind: 'pending', since }, news: null };
  return { phase: { kind: 'firing', since, toldAt: now }, news: 'firing' };
}
