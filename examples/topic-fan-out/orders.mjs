import { client, iii } from 'iii-engine/sdk';

export default iii({
  triggers: {
    'process-order': {
      type: 'queue',
      config: {
        topic: 'orders',
        metadata: {
          infrastructure: {
            queue: { max_retries: 2, retry_delay_ms: 50, dead_letter_topic: 'orders.failed' },
          },
        },
      },
    },
    'high-priority-orders': {
      type: 'queue',
      config: { topic: 'orders' },
      condition: async (order) => order.priority === 'high',
    },
    'handle-failed-orders': { type: 'queue', config: { topic: 'orders.failed' } },
  },
});

const seen = { processed: [], urgent: [], failed: [] };

export async function createOrder(order) {
  await client.call('queue.enqueue', { topic: 'orders', data: order });
  return { id: order.id };
}

export async function processOrder(order) {
  if (order.total < 0) throw new Error(`order ${order.id} has a negative total`);
  seen.processed.push(order.id);
}

export async function highPriorityOrders(order) {
  seen.urgent.push(order.id);
}

export async function handleFailedOrders(order) {
  seen.failed.push(order.id);
}

export async function listSeen() {
  return seen;
}
