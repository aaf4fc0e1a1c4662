import { setTimeout as sleep } from 'node:timers/promises';
import { registerWorker, RetryAfter } from 'iii-engine/sdk';

const iii = registerWorker();
const provider = { running: 0, most: 0, sent: 0, refused: 0 };

iii.registerFunction('campaigns::launch', async ({ recipients }) => {
  const jobs = recipients.map((to) => ({ function_id: 'emails::send', payload: { to } }));
  // One durable step for up to 1000 jobs: all of them are accepted, or none.
  const receipts = await iii.enqueueBatch(jobs, { queue: 'bulk-email' });
  return { enqueued: receipts.length };
});

iii.registerFunction('emails::send', async ({ to }, { job }) => {
  const response = await post(to, job.attempt);
  if (response.status === 429) throw new RetryAfter(response.retryAfterMs, 'the provider said 429');
});

iii.registerFunction('emails::stats', () => provider);

/** Stands for the provider: it refuses every fifth address once. */
async function post(to, attempt) {
  provider.most = Math.max(provider.most, ++provider.running);
  await sleep(5);
  provider.running -= 1;
  if (attempt === 1 && Number.parseInt(to.replace(/\D/g, ''), 10) % 5 === 0) {
    provider.refused += 1;
    return { status: 429, retryAfterMs: 50 };
  }
  provider.sent += 1;
  return { status: 202 };
}

process.once('SIGTERM', () => void iii.shutdown());
