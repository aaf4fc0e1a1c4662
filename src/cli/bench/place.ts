import type { AdminClient } from '../../admin/client.ts';
import type { QueueDetail } from '../../admin/contract.ts';
import { IiiError } from '../../base/errors.ts';

/** Where the jobs of a bench wait. */
export interface Place {
  /** Its own queue is the one behind a subscription, which goes when the bench ends. */
  readonly kind: 'own' | 'configured';
  readonly queue: string;
  /** FIFO: the member of the payload that says the group. */
  readonly groupField: string | null;
}

/** The queue of a bench that names none: no configuration is needed for it. */
export function ownPlace(topic: string, functionId: string, isFifo: boolean): Place {
  const queue = `${topic}::${functionId}`;
  return { kind: 'own', queue, groupField: isFifo ? 'group' : null };
}

/** The queue that was asked for, if it is there and runs. */
export async function configuredPlace(engine: AdminClient, queue: string): Promise<Place> {
  const found = await lookUp(engine, queue);
  if (found?.paused === true) {
    throw new IiiError('CONFLICT', `queue '${queue}' is paused`, {
      reason: 'jobs of a bench would wait in it',
      hint: `iii queue resume ${queue}, or leave --queue out: a bench has a queue of its own`,
    });
  }
  return { kind: 'configured', queue, groupField: found?.config.groupField ?? null };
}

/** `null` for a token of a worker, which may enqueue and not look; the engine says then what is wrong. */
async function lookUp(engine: AdminClient, queue: string): Promise<QueueDetail | null> {
  try {
    return await engine.call('iii::queue::get', { queue });
  } catch (thrown) {
    if (thrown instanceof IiiError && thrown.code === 'FORBIDDEN') return null;
    throw thrown;
  }
}

/**
 * Makes the payload of a job: as many bytes of JSON as wanted, with its number in it.
 * @returns the members; `seq` is what the worker reads
 */
export function payloadMaker(
  bytes: number,
  { groupField }: Place,
  groups: number,
): (seq: number) => Readonly<Record<string, unknown>> {
  return (seq) => {
    const head = { seq, ...(groupField === null ? {} : { [groupField]: seq % groups }) };
    const missing = bytes - Buffer.byteLength(JSON.stringify({ ...head, pad: '' }));
    return { ...head, pad: 'x'.repeat(Math.max(0, missing)) };
  };
}
