import type { Engine } from '../engine/engine.ts';
import { cronType } from './cron/cron.ts';
import { subscriberTypes } from './queue/subscriber.ts';

/** Gives an engine the trigger types that need no listener of their own. Before it starts. */
export function registerTriggerTypes(engine: Engine): void {
  const types = [...subscriberTypes(engine.topics, engine.log), cronType(engine)];
  for (const type of types) engine.bindings.addBuiltIn(type);
}
