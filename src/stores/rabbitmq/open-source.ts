import type { QueuePolicy } from '../../queue/types.ts';
import { BrokerSource } from './broker-source.ts';
import type { AsideParts } from './connect-aside.ts';
import { connectAside } from './connect-aside.ts';

/**
 * Connects to a broker, to take jobs from there and take no part in its queues.
 * @throws IiiError UNAVAILABLE
 */
export async function openBrokerSource(
  parts: AsideParts,
  policies: readonly QueuePolicy[],
): Promise<BrokerSource> {
  return new BrokerSource({ ...(await connectAside(parts)), policies });
}
