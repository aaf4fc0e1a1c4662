import type { Delivery } from './held-jobs.ts';

/** Tells the broker that a message is no longer needed; nothing when its session is over. */
export function acknowledge(delivery: Delivery | null): void {
  delivery?.session.acknowledge(delivery.tag);
}
