import type { EventView } from '../../admin/event-contract.ts';
import { countOf } from '../../base/count.ts';
import type { Tone } from '../output/color.ts';

const LOOKS: Readonly<Record<EventView['kind'], { readonly word: string; readonly tone?: Tone }>> =
  {
    job_enqueued: { word: 'enqueued' },
    attempt_started: { word: 'started' },
    job_completed: { word: 'completed', tone: 'good' },
    job_retried: { word: 'failed', tone: 'warn' },
    job_dead: { word: 'dead', tone: 'bad' },
    job_returned: { word: 'returned', tone: 'warn' },
    stale_answer: { word: 'late answer', tone: 'warn' },
    job_discarded: { word: 'discarded', tone: 'dim' },
    jobs_redriven: { word: 'redriven' },
    queue_paused: { word: 'pause', tone: 'warn' },
    worker_connected: { word: 'worker in' },
    worker_updated: { word: 'worker told' },
    worker_disconnected: { word: 'worker out', tone: 'warn' },
    functions_changed: { word: 'functions' },
  };

/** What an event is called, and how it looks. */
export function lookOf(event: EventView): { readonly word: string; readonly tone?: Tone } {
  // an engine of a later version may know kinds that this command line does not
  return (LOOKS as Partial<typeof LOOKS>)[event.kind] ?? { word: event.kind.replaceAll('_', ' ') };
}

/** What an event tells beyond its kind, queue and job, as one line. */
export function detailOf(event: EventView): string {
  const { error, attempt, dueAt, reason, functionId, worker, workerId, jobs, paused } = event;
  const parts = [
    functionId,
    reason,
    error === undefined ? undefined : `${error.code}: ${error.message}`,
    attempt === undefined ? undefined : `attempt ${attempt}`,
    dueAt === undefined ? undefined : `again at ${dueAt}`,
    jobs === undefined ? undefined : countOf(jobs, 'job'),
    paused === undefined ? undefined : paused ? 'paused' : 'resumed',
    worker ?? workerId,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}
