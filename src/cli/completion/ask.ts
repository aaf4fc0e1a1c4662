import type { AdminClient } from '../../admin/client.ts';
import type { Context } from '../context.ts';
import { resolveSettings } from '../settings.ts';
import { engineOptionsOf, type Wanted } from './words.ts';

type Asked = Extract<Wanted, { readonly kind: 'ask' }>['what'];

/** Time the engine has, unless a timeout was set: a shell that hangs is worse than one that offers nothing. */
const BUDGET_MS = 150;
const MOST = 200;

/** Names from the running engine; nothing when there is none, or it takes too long. */
export async function askEngine(
  context: Context,
  what: Asked,
  words: readonly string[],
): Promise<readonly string[]> {
  const { timeoutGiven, timeoutMs: asked } = context.settings;
  const timeoutMs = timeoutGiven ? asked : BUDGET_MS;
  const [{ connect }] = await Promise.all([import('../../admin/client.ts'), import('ws')]);
  const expired = new AbortController();
  const cancel = context.clock.after(timeoutMs, () => {
    expired.abort(new Error('too late'));
  });
  try {
    const { signal } = expired;
    const { target } = await resolveSettings(engineOptionsOf(words), context.io);
    const { url, token } = target();
    const client = await connect({ url, token: token(), timeoutMs, signal, clock: context.clock });
    try {
      return await namesOf(client, what, words);
    } finally {
      await client.close();
    }
  } catch {
    return [];
  } finally {
    cancel();
  }
}

async function namesOf(
  client: AdminClient,
  what: Asked,
  words: readonly string[],
): Promise<readonly string[]> {
  switch (what) {
    case 'queue':
      return (await client.call('iii::queue::list', {})).queues.map(({ name }) => name);
    case 'function':
      return (await client.call('iii::function::list', {})).functions.map(
        ({ functionId }) => functionId,
      );
    case 'job':
      return (await client.call('iii::job::list', { limit: MOST })).jobs.map(({ id }) => id);
    case 'dead': {
      const queues = (await client.call('iii::dlq::summary', {})).queues
        .filter(({ dead }) => dead > 0)
        .map(({ queue }) => queue);
      const named = queues.filter((queue) => words.includes(queue));
      const pages = await Promise.all(
        (named.length > 0 ? named : queues).map((queue) =>
          client.call('iii::dlq::list', { queue, limit: MOST }),
        ),
      );
      return pages.flatMap(({ jobs }) => jobs.map(({ id }) => id));
    }
  }
}
