import type { QueuePolicy } from '../../queue/types.ts';
import { BrokerTarget } from './broker-target.ts';
import type { AsideParts } from './connect-aside.ts';
import { connectAside } from './connect-aside.ts';

/**
 * Connects to a broker, to put jobs there and take no part in its queues.
 * @throws IiiError UNAVAILABLE
 */
export async function openBrokerTarget(
  parts: AsideParts,
  policies: readonly QueuePolicy[],
): Promise<BrokerTarget> {
  return new BrokerTarget({ ...(await connectAside(parts)), policies });
}
