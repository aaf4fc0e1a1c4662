import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { StoreSignal } from '../../queue/store.ts';
import type { RedisConnection } from './connection.ts';
import type { RedisKeys } from './keys.ts';
import type { Script } from './scripts/script.ts';

/** What the parts of one open store share. */
export interface RedisContext {
  readonly connection: RedisConnection;
  readonly keys: RedisKeys;
  readonly clock: Clock;
  readonly log: Logger;
  readonly leaseMs: number;
  /** Names this engine in signals, so that it does not listen to itself. */
  readonly session: string;
  /** The time scripts are to go by: only tests give one, otherwise Redis has its own. */
  readonly time: () => string;
  readonly emit: (signal: StoreSignal) => void;
}

/** Carries out a script of one queue, or of several. @throws RedisFailure */
export function runScript(
  { connection, keys, session, time }: RedisContext,
  script: Script,
  queues: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const bases = queues.map((queue) => keys.base(queue));
  return connection.run(script, bases, [time(), keys.signals(), session, ...args]);
}
