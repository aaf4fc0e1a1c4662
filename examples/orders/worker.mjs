import { randomUUID } from 'node:crypto';
import { Logger, registerWorker, TriggerAction } from 'iii-engine/sdk';

const iii = registerWorker();
const logger = new Logger();

iii.registerFunction('orders::create', async (request) => {
  const { email, total } = request.body ?? {};
  if (typeof email !== 'string' || typeof total !== 'number') {
    return { status_code: 400, body: { error: 'an order needs email and total' } };
  }
  const orderId = randomUUID();
  await iii.trigger({
    function_id: 'orders::process-payment',
    payload: { orderId, amount: total, currency: 'USD' },
    action: TriggerAction.Enqueue({ queue: 'payment' }),
  });
  await iii.trigger({
    function_id: 'emails::confirmation',
    payload: { email, orderId },
    action: TriggerAction.Enqueue({ queue: 'email' }),
  });
  await iii.trigger({
    function_id: 'analytics::track',
    payload: { event: 'order_created', orderId },
    action: TriggerAction.Void(),
  });
  return { status_code: 201, body: { orderId } };
});

iii.registerTrigger({
  type: 'http',
  function_id: 'orders::create',
  config: { api_path: '/orders', http_method: 'POST' },
});

for (const id of ['orders::process-payment', 'emails::confirmation', 'analytics::track']) {
  iii.registerFunction(id, (payload) => {
    logger.info('done', payload);
  });
}

process.once('SIGTERM', () => void iii.shutdown());
