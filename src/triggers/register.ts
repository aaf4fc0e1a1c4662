import type { Engine } from '../engine/engine.ts';
import { cronType } from './cron/cron.ts';
import { functionsAvailableType } from './engine/functions-available.ts';
import { workersAvailableType } from './engine/workers-available.ts';
import { workerLogs } from './log/log.ts';
import { pubSub } from './pubsub/pubsub.ts';
import { subscriberTypes } from './queue/subscriber.ts';
import { stateType } from './state/state.ts';

export interface TriggerOptions {
  /** Whether changes of the state call functions. */
  readonly stateTriggers?: boolean;
}

/**
 * Gives an engine the trigger types that need no listener of their own, and the functions that set
 * them off. Before it starts.
 */
export function registerTriggerTypes(
  engine: Engine,
  { stateTriggers = true }: TriggerOptions = {},
): void {
  const messages = pubSub(engine);
  const logs = workerLogs(engine);
  const types = [
    ...subscriberTypes(engine.topics, engine.log),
    cronType(engine),
    ...(stateTriggers ? [stateType(engine.state, engine)] : []),
    messages.type,
    functionsAvailableType(engine),
    workersAvailableType(engine),
    logs.type,
  ];
  for (const type of types) engine.bindings.addBuiltIn(type);
  for (const local of [messages.publish, ...logs.functions]) engine.functions.addLocal(local);
}
