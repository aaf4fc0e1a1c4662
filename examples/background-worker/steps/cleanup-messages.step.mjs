export const config = {
  name: 'cleanup-messages',
  description: 'takes away messages that are done and were notified of',
  triggers: [{ type: 'cron', config: { expression: '*/5 * * * *' } }],
};

export async function handler(_tick, { iii }) {
  const notified = await iii.call('state::list', { scope: 'notified' });
  for (const { id: key } of notified) {
    for (const scope of ['messages', 'notified']) await iii.call('state::delete', { scope, key });
  }
  return { removed: notified.length };
}
