import type { QueuePolicy } from '../../queue/types.ts';
import { Broker } from './broker.ts';
import { withoutPassword } from './broker-errors.ts';
import { BrokerSource } from './broker-source.ts';
import type { RabbitStoreParts } from './rabbitmq-store.ts';
import { Names, Topology } from './topology.ts';

/**
 * Connects to a broker, to take jobs from there and take no part in its queues.
 * @throws IiiError UNAVAILABLE
 */
export async function openBrokerSource(
  parts: Omit<RabbitStoreParts, 'random'>,
  policies: readonly QueuePolicy[],
): Promise<BrokerSource> {
  const { clock, log, url, queueMode: mode, namePrefix = 'iii' } = parts;
  const location = withoutPassword(url.reveal());
  const broker = new Broker({ url, location, clock, log, onUp: () => undefined });
  await broker.open();
  const topology = new Topology({ broker, clock, mode, names: new Names(namePrefix), log });
  return new BrokerSource({ broker, topology, clock, location, policies });
}
