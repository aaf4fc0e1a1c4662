import { registerWorker, TriggerAction } from '../src/sdk/sdk.ts';
import { HTTP_QUEUE } from './engine.ts';

/*
 * The worker behind `POST /orders`, as the examples have it: its function takes the request, enqueues the
 * order and answers with the receipt. Prints a line when the engine knows the route.
 */

const iii = registerWorker(process.argv[2]);

iii.registerFunction('orders::create', async ({ body }: { body: unknown }) => {
  const receipt = await iii.trigger({
    function_id: 'orders::process',
    payload: body,
    action: TriggerAction.Enqueue({ queue: HTTP_QUEUE }),
  });
  return { status_code: 202, body: { receiptId: receipt.messageReceiptId } };
});
iii.registerTrigger({
  type: 'http',
  function_id: 'orders::create',
  config: { api_path: '/orders', http_method: 'POST' },
});
await iii.ready();
process.stdout.write('{}\n');

process.on('disconnect', () => {
  process.exit(0);
});
