import type { JobDetail } from '../admin/contract.ts';
import type { Context } from './context.ts';
import { JsonText } from './output/json.ts';
import { jobRecord } from './views/job.ts';

/** Prints one job. */
export async function showJob(context: Context, job: JobDetail): Promise<void> {
  await context.output.record(job, jobRecord, withExactPayload(job));
}

/** The same job, its payload printed in machine formats exactly as the producer sent it. */
export function withExactPayload<Job extends { readonly payloadText: string }>(
  job: Job,
): Omit<Job, 'payloadText'> {
  const { payloadText, ...rest } = job;
  return { ...rest, payload: new JsonText(payloadText) };
}
