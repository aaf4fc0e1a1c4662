import type { Broker } from '../../src/stores/rabbitmq/broker.ts';
import { encodeJob, type StoredJob } from '../../src/stores/rabbitmq/job-message.ts';
import { newJob, uuidOf } from './store-fixture.ts';

/** A job as an engine keeps it at a broker: waiting and never tried, unless the settings say otherwise. */
export function storedOf(
  number: number,
  now: number,
  settings: Partial<StoredJob> = {},
): StoredJob {
  const { dedupKey: _, ...rest } = newJob(uuidOf(number), now);
  const past = { seq: number, attempts: 0, interruptions: 0, epoch: 0, history: [] };
  const none = { failure: null, leasedAt: null, version: 0, deathOrder: 0 };
  return { ...rest, ...past, ...none, ...settings };
}

export async function publishStored(
  broker: Broker,
  queue: string,
  stored: StoredJob,
): Promise<void> {
  const { envelope, body } = encodeJob(stored);
  await broker.publish({ ...envelope, routingKey: queue }, body);
}
