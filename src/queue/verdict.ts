import type { Verdict } from './types.ts';

/** What carrying out a verdict adds to a job's attempts: 0 or 1. */
export function attemptsCounted(verdict: Verdict): number {
  if (verdict.kind === 'return') return 0;
  return verdict.kind !== 'dead' || verdict.countsAttempt ? 1 : 0;
}

/** What carrying out a verdict adds to a job's interruptions: 0 or 1. */
export function interruptionsCounted(verdict: Verdict): number {
  if (verdict.kind === 'return') return verdict.countsInterruption ? 1 : 0;
  return verdict.kind === 'dead' && verdict.reason === 'interrupted' ? 1 : 0;
}
