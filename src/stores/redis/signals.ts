import { decodeName } from './keys.ts';

/** What engines tell each other of a queue. */
export type Signal =
  | { readonly kind: 'leasable' | 'reclaimable' | 'paused' | 'resumed'; readonly queue: string }
  /** A job was delayed that is due before all others. */
  | { readonly kind: 'due'; readonly queue: string; readonly inMs: number };

/**
 * A signal from its message: kind, session of the sender, name of the queue as it stands in keys,
 * and for a delay its milliseconds, each on a line. `undefined` for one's own and what is no signal.
 */
export function readSignal(message: string, ownSession: string): Signal | undefined {
  const [kind, session, name = '', ms] = message.split('\n');
  if (session === ownSession) return undefined;
  const queue = decodeName(name);
  switch (kind) {
    case 'leasable':
    case 'reclaimable':
    case 'paused':
    case 'resumed':
      return { kind, queue };
    case 'due':
      return { kind, queue, inMs: Number(ms) };
    default:
      return undefined;
  }
}
