import type { JobDetail } from '../admin/contract.ts';
import type { Context } from './context.ts';
import { JsonText } from './output/json.ts';
import { jobRecord } from './views/job.ts';

/** Prints one job; in machine formats the payload is exactly what the producer sent. */
export async function showJob(context: Context, job: JobDetail): Promise<void> {
  const { payloadText, ...rest } = job;
  await context.output.record(job, jobRecord, { ...rest, payload: new JsonText(payloadText) });
}
