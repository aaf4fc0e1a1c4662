import { randomUUID } from 'node:crypto';

export const config = {
  name: 'send-message',
  description: 'takes a message over HTTP and publishes it',
  triggers: [{ type: 'http', config: { api_path: '/messages', http_method: 'POST' } }],
};

export async function handler(request, { iii }) {
  const { text, priority = 'normal' } = request.body ?? {};
  if (typeof text !== 'string') {
    return { status_code: 400, body: { error: 'a message needs a text' } };
  }
  const id = randomUUID();
  await iii.call('state::set', {
    scope: 'messages',
    key: id,
    value: { id, status: 'queued', text },
  });
  await iii.publish('message.sent', { id, text, priority });
  return { status_code: 202, body: { id } };
}
