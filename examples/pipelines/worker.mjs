import { registerWorker, TriggerAction } from 'iii-engine/sdk';

const iii = registerWorker();
const done = [];

/** Each stage is a function of its own, and ends by enqueueing the next one. */
const next = (function_id, queue, payload) =>
  iii.trigger({
    function_id,
    payload,
    // An attempt that is repeated does not start the next stage twice.
    action: TriggerAction.Enqueue({ queue, dedup_key: `${function_id} ${payload.id}` }),
  });

iii.registerFunction('images::upload', async ({ id }) => {
  await next('images::resize', 'images', { id, size: 100 });
  return { id };
});

iii.registerFunction('images::resize', async ({ id, size }, { job }) => {
  if (id === 'flaky' && job.attempt === 1) throw new Error('out of memory');
  await next('images::publish', 'images', { id, size });
});

iii.registerFunction('images::publish', async ({ id, size }) => {
  await next('notifications::send', 'default', { id, text: `${id} is there in ${size} pixels` });
});

iii.registerFunction('notifications::send', ({ text }, { traceparent }) => {
  done.push({ text, traceparent });
});

iii.registerFunction('notifications::list', () => done);

process.once('SIGTERM', () => void iii.shutdown());
