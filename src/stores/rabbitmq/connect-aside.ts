import { Broker } from './broker.ts';
import { withoutPassword } from './broker-errors.ts';
import type { RabbitStoreParts } from './rabbitmq-store.ts';
import { Names, Topology } from './topology.ts';

/** What of a store's parts is enough to move jobs. */
export type AsideParts = Omit<RabbitStoreParts, 'random'>;

/**
 * Connects to a broker without taking part in its queues.
 * @throws IiiError UNAVAILABLE
 */
export async function connectAside(parts: AsideParts) {
  const { clock, log, url, queueMode: mode, namePrefix = 'iii' } = parts;
  const location = withoutPassword(url.reveal());
  const broker = new Broker({ url, location, clock, log, onUp: () => undefined });
  await broker.open();
  const topology = new Topology({ broker, clock, mode, names: new Names(namePrefix), log });
  return { broker, topology, clock, location };
}
