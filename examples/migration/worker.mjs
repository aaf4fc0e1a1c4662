import { registerWorker, TriggerAction } from 'iii-engine/sdk';

const iii = registerWorker();
const seen = [];

// Before: a topic, and a trigger that connects it with the function.
iii.registerFunction('old::send-mail', (order) => {
  seen.push(`old ${order.id}`);
});
iii.registerTrigger({
  type: 'queue',
  function_id: 'old::send-mail',
  config: { topic: 'order.created' },
});
iii.registerFunction('old::create', (order) => {
  iii.triggerVoid('enqueue', { topic: 'order.created', data: order });
});

// After: the function is named, the queue has its limits in iii-config.yaml, and there is a receipt.
iii.registerFunction('new::send-mail', (order) => {
  seen.push(`new ${order.id}`);
});
iii.registerFunction('new::create', (order) =>
  iii.trigger({
    function_id: 'new::send-mail',
    payload: order,
    action: TriggerAction.Enqueue({ queue: 'mail' }),
  }),
);

iii.registerFunction('mails', () => seen);

process.once('SIGTERM', () => void iii.shutdown());
