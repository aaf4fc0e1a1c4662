// The worker behind `POST /orders`, as the examples have it: its function takes the request, enqueues the
// order and answers with the receipt. Beside it a route that enqueues without it. Plain JavaScript with the SDK as it is published, as users run it.
// Arguments: address of the engine, queue. Prints a line when the engine knows the route.
import { registerWorker, TriggerAction } from '../dist/sdk/sdk.js';

const [url, queue] = process.argv.slice(2);
const iii = registerWorker(url);

iii.registerFunction('orders::create', async ({ body }) => {
  const receipt = await iii.trigger({
    function_id: 'orders::process',
    payload: body,
    action: TriggerAction.Enqueue({ queue }),
  });
  return { status_code: 202, body: { receiptId: receipt.messageReceiptId } };
});
iii.registerTrigger({
  type: 'http',
  function_id: 'orders::create',
  config: { api_path: '/orders', http_method: 'POST' },
});
iii.registerTrigger({
  type: 'http',
  function_id: 'orders::process',
  config: { api_path: '/queue/orders', http_method: 'POST', queue },
});
await iii.ready();
process.stdout.write('{}\n');

process.on('disconnect', () => {
  process.exit(0);
});
