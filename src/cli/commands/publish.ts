import type { RunCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { countOf } from '../output/words.ts';
import { readPayload } from '../payload.ts';

export const run: RunCommand = async (context, input) => {
  const topic = input.argument('topic');
  const data = await readPayload(context, input, ['data']);
  if (input.flag('dryRun')) return showReceivers(context, topic);
  const engine = await context.engine();
  const { timeoutMs } = context.settings;
  // The message's own text is sent, so that large numbers and key order survive.
  const message = `{"topic":${JSON.stringify(topic)},"data":${data}}`;
  await engine.invoke('iii::durable::publish', message, { timeoutMs });
  await context.output.done({ topic, published: true }, `Published to ${topic}.`, topic);
  return 0;
};

/** Says which subscriptions would get the message, and publishes nothing. */
async function showReceivers(context: Context, topic: string): Promise<number> {
  const engine = await context.engine();
  const { topics } = await engine.call('iii::topic::list', {});
  const known = topics.find((candidate) => candidate.topic === topic)?.subscriptions ?? [];
  const subscriptions = known.map(({ functionId, queue }) => ({ functionId, queue }));
  const names = subscriptions.map(({ functionId }) => functionId).join(', ');
  const sentence =
    subscriptions.length === 0
      ? `Nobody is subscribed to ${topic}: the message would be dropped.`
      : `${countOf(subscriptions.length, 'subscription')} of ${topic} would get it: ${names}.`;
  await context.output.done({ topic, dryRun: true, subscriptions }, sentence, topic);
  return 0;
}
