import { currentCall } from './current-call.ts';
import type { TriggerRequest, Worker } from './worker.ts';

/**
 * The worker whose handler runs here: `client.call('queue.enqueue', …)` in a function of a module.
 * Outside of a handler there is none, and each call throws.
 */
export const client: Pick<Worker, 'call' | 'trigger' | 'triggerVoid' | 'enqueueBatch' | 'publish'> =
  {
    call: (functionId, payload, options) => current().call(functionId, payload, options),
    trigger: ((request: TriggerRequest) => current().trigger(request)) as Worker['trigger'],
    triggerVoid: (functionId, payload) => {
      current().triggerVoid(functionId, payload);
    },
    enqueueBatch: (jobs, options) => current().enqueueBatch(jobs, options),
    publish: (topic, data) => current().publish(topic, data),
  };

function current(): Worker {
  const call = currentCall.getStore();
  if (call === undefined) {
    throw new Error('client works inside a handler; elsewhere use what registerWorker returned');
  }
  return call.iii;
}
