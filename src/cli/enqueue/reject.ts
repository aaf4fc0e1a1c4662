import type { AdminClient } from '../../admin/client.ts';
import { IiiError } from '../../base/errors.ts';

/** A rejected job's error, or that the queue does not exist at all: another code, another exit status. */
export async function explainRejection(
  engine: AdminClient,
  queue: string,
  thrown: unknown,
): Promise<unknown> {
  if (!(thrown instanceof IiiError) || thrown.code !== 'enqueue_error') return thrown;
  const looked: unknown = await engine
    .call('iii::queue::get', { queue })
    .catch((error: unknown) => error);
  if (!(looked instanceof IiiError) || looked.code !== 'QUEUE_NOT_FOUND') return thrown;
  return new IiiError('QUEUE_NOT_FOUND', thrown.message, {
    reason: thrown.reason,
    hint: thrown.hint ?? 'the queues there are: iii queue list',
    details: { queue },
  });
}
