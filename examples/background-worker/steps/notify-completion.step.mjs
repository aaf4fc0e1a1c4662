export const config = {
  name: 'notify-completion',
  description: 'reacts to messages that are done',
  triggers: [
    {
      type: 'state',
      config: { scope: 'messages' },
      condition: (change) => change.new_value?.status === 'done',
    },
  ],
};

export async function handler({ key }, { iii }) {
  await iii.call('state::set', { scope: 'notified', key, value: { id: key } });
}
