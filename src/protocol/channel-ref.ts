/**
 * One side of a channel as it travels in a payload (wire-protocol.md §1.6); `direction` is from the
 * point of view of the worker that gets it. Who has it can take the side.
 */
export interface ChannelRef {
  readonly channel_id: string;
  readonly access_key: string;
  readonly direction: 'read' | 'write';
}

/** Whether a value out of a payload is a reference to a channel. */
export function isChannelRef(value: unknown): value is ChannelRef {
  if (typeof value !== 'object' || value === null) return false;
  const { channel_id, access_key, direction } = value as Readonly<Record<string, unknown>>;
  return (
    typeof channel_id === 'string' &&
    typeof access_key === 'string' &&
    (direction === 'read' || direction === 'write')
  );
}
