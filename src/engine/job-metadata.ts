import type { Lease, QueuePolicy } from '../queue/types.ts';

/**
 * The metadata of a job's invocation: what the producer gave, and the member `iii.job` with which a
 * handler knows its job and attempt (semantics.md §4). JSON text; a producer's `iii.job` is overruled.
 */
export function jobMetadata(lease: Lease, policy: QueuePolicy): string {
  const { job, attempt, epoch } = lease;
  const maxAttempts = job.overrides.maxAttempts ?? policy.maxAttempts;
  // Put together by hand: this runs once per attempt, and only the queue's name needs escaping.
  const facts =
    `{"id":"${job.id}","queue":${JSON.stringify(job.queue)},"attempt":${attempt},` +
    `"max_attempts":${maxAttempts},"epoch":${epoch},` +
    `"enqueued_at":"${timeText(job.enqueuedAt)}"}`;
  const given = job.metadata?.trim() ?? '';
  // The last of two equal keys counts, so ours goes to the end.
  if (!given.startsWith('{') || given === '{}') return `{"iii.job":${facts}}`;
  return `${given.slice(0, -1)},"iii.job":${facts}}`;
}

/** The time that was written last: jobs that are accepted together start together. */
let last = { at: Number.NaN, text: '' };

/** RFC 3339, in UTC. */
function timeText(at: number): string {
  if (at !== last.at) last = { at, text: new Date(at).toISOString() };
  return last.text;
}
