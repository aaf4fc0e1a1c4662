import type { Delivery, HeldJob } from './held-jobs.ts';

/** Tells the broker that a message is no longer needed; nothing when its session is over. */
export function acknowledge(delivery: Delivery | null): void {
  delivery?.session.acknowledge(delivery.tag);
}

/** Acknowledges what a job is held by, and takes it off: the broker ends a channel that does it twice. */
export function acknowledgeHeld(held: HeldJob): void {
  const { delivery } = held;
  held.delivery = null;
  acknowledge(delivery);
}
