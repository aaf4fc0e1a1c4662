export const config = {
  name: 'process-message',
  description: 'does the work of a message, and writes down how far it is',
  triggers: [
    {
      type: 'queue',
      config: { topic: 'message.sent', queue_config: { maxRetries: 3, backoffDelayMs: 200 } },
    },
  ],
};

export async function handler({ id, text, priority }, { iii, job }) {
  const setStatus = (status, more) =>
    iii.call('state::set', { scope: 'messages', key: id, value: { id, status, text, ...more } });
  await setStatus('processing');
  try {
    if (text.includes('fail once') && job.attempt === 1) throw new Error('the mail server is away');
    await setStatus('done', { result: priority === 'high' ? text.toUpperCase() : text });
  } catch (error) {
    await setStatus('failed');
    // Thrown on: the message is tried again, three times in all.
    throw error;
  }
}
