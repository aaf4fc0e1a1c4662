import type { Connection } from 'rabbitmq-client';
import { nextTurn } from '../../base/clock.ts';

/** How many messages are held back at most: the broker begins with them while we go on. */
const MAX_HELD = 16;

/** What of a socket is used: writes between `cork` and `uncork` leave in one. */
export interface Corkable {
  cork(): void;
  uncork(): void;
}

/**
 * Lets what one turn sends over a connection leave in one write. The client writes each message by
 * itself, and those writes were the largest single cost of a publish.
 */
export class WriteBatch {
  readonly #socketOf: () => Corkable | undefined;
  #corked: Corkable | undefined;
  #held = 0;

  constructor(socketOf: () => Corkable | undefined) {
    this.#socketOf = socketOf;
  }

  /** Called before a message is sent. When nothing else is ready, nothing waits. */
  hold(): void {
    if (this.#corked !== undefined) {
      if (++this.#held >= MAX_HELD) this.#flush(this.#corked);
      return;
    }
    const socket = this.#socketOf();
    if (socket === undefined) return;
    this.#corked = socket;
    socket.cork();
    void nextTurn().then(() => {
      this.#corked = undefined;
      this.#held = 0;
      socket.uncork();
    });
  }

  #flush(socket: Corkable): void {
    this.#held = 0;
    socket.uncork();
    socket.cork();
  }
}

/**
 * The socket under a connection. The client has no public way to it: where a later version keeps it
 * elsewhere, every message is written by itself again, and write-batch.test.ts says so.
 */
export function socketOf(connection: Connection): Corkable | undefined {
  const socket: unknown = Reflect.get(connection, '_socket');
  return isCorkable(socket) ? socket : undefined;
}

function isCorkable(value: unknown): value is Corkable {
  return (
    typeof value === 'object' &&
    value !== null &&
    'cork' in value &&
    typeof value.cork === 'function' &&
    'uncork' in value &&
    typeof value.uncork === 'function'
  );
}
