import type { AdminClient } from '../../admin/client.ts';
import { IiiError } from '../../base/errors.ts';
import type { RunCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { countOf } from '../../base/count.ts';
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
  if (await isHeardByNobody(engine, topic)) {
    await context.output.note(
      `Nobody is subscribed to ${topic}: the message was dropped. Subscriptions: iii topic list`,
    );
  }
  return 0;
};

/** Whether nobody is subscribed; not when the caller may publish but not ask. */
async function isHeardByNobody(engine: AdminClient, topic: string): Promise<boolean> {
  try {
    return (await receiversOf(engine, topic)).length === 0;
  } catch (thrown) {
    // the message is published, whatever becomes of the remark on it
    if (thrown instanceof IiiError) return false;
    throw thrown;
  }
}

async function receiversOf(engine: AdminClient, topic: string) {
  const { topics } = await engine.call('iii::topic::list', {});
  const known = topics.find((candidate) => candidate.topic === topic)?.subscriptions ?? [];
  return known.map(({ functionId, queue }) => ({ functionId, queue }));
}

/** Says which subscriptions would get the message, and publishes nothing. */
async function showReceivers(context: Context, topic: string): Promise<number> {
  const subscriptions = await receiversOf(await context.engine(), topic);
  const names = subscriptions.map(({ functionId }) => functionId).join(', ');
  const sentence =
    subscriptions.length === 0
      ? `Nobody is subscribed to ${topic}: the message would be dropped.`
      : `${countOf(subscriptions.length, 'subscription')} of ${topic} would get it: ${names}.`;
  await context.output.done({ topic, dryRun: true, subscriptions }, sentence, topic);
  return 0;
}
