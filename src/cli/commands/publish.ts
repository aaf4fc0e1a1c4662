import type { RunCommand } from '../command.ts';
import { readPayload } from '../payload.ts';

export const run: RunCommand = async (context, input) => {
  const topic = input.argument('topic');
  const data = await readPayload(context, input, ['data']);
  const engine = await context.engine();
  const { timeoutMs } = context.settings;
  // The message's own text is sent, so that large numbers and key order survive.
  const message = `{"topic":${JSON.stringify(topic)},"data":${data}}`;
  await engine.invoke('iii::durable::publish', message, { timeoutMs });
  await context.output.done({ topic, published: true }, `Published to ${topic}.`, topic);
  return 0;
};
