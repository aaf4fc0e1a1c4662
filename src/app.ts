import type { Clock } from './base/clock.ts';
import { SystemClock } from './base/clock.ts';
import { silentLogger, type Logger } from './base/logger.ts';
import { systemRandom, type Random } from './base/random.ts';
import { registerAdminFunctions } from './admin/register.ts';
import type { Config } from './config/config.ts';
import { Engine } from './engine/engine.ts';
import { Gateway } from './gateway/gateway.ts';
import { QueueActivity } from './observe/queue-activity.ts';
import { PROTOCOL_VERSION } from './protocol/version.ts';
import { MemoryStateStore } from './stores/memory/memory-state-store.ts';
import { createStore } from './stores/registry.ts';
import { registerTriggerTypes } from './triggers/register.ts';
import { VERSION } from './version.ts';

export interface AppOptions {
  readonly config: Config;
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Without it no port is opened: functions are in-process only. */
  readonly listen?: boolean;
}

/** A running engine with its listeners. */
export interface App {
  readonly engine: Engine;
  /** Address of the worker protocol; `null` when it does not listen. */
  readonly url: string | null;
  /** Address of HTTP triggers; `null` while there are none. */
  readonly httpUrl: string | null;
  /** Graceful: attempts in flight get their grace time, then the listeners and the store are closed. */
  stop(): Promise<void>;
}

/**
 * Puts the parts together, starts them in order, and stops them in reverse.
 * @throws IiiError when the store cannot be opened or the port cannot be taken; nothing runs then
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { config, log = silentLogger, clock = new SystemClock(), random = systemRandom } = options;
  const store = await createStore(config.store, { clock, log });
  const engine = new Engine({
    store,
    state: new MemoryStateStore(),
    policies: config.queues,
    clock,
    random,
    log,
    maxJobBytes: config.maxJobBytes,
    shutdownGraceMs: config.shutdownGraceMs,
  });
  registerTriggerTypes(engine);
  const activity = new QueueActivity(clock);
  engine.events.subscribe(activity.observe);
  registerAdminFunctions({
    engine,
    activity,
    version: VERSION,
    protocol: PROTOCOL_VERSION,
    startedAt: clock.now(),
    pid: process.pid,
  });

  const gateway =
    options.listen === false
      ? undefined
      : new Gateway({
          listen: config.listen,
          tokens: config.tokens,
          openSession: engine.openSession,
          log,
          clock,
        });
  await engine.start();
  try {
    await gateway?.start();
  } catch (thrown) {
    await engine.stop();
    throw thrown;
  }
  return {
    engine,
    url: gateway === undefined ? null : urlOf(gateway),
    httpUrl: null,
    stop: async () => {
      await engine.stop();
      await gateway?.stop();
    },
  };
}

function urlOf(gateway: Gateway): string {
  const { host, port } = gateway.address();
  return `ws://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
