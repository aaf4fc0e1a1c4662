import type { Engine } from '../engine/engine.ts';
import { cronType } from './cron/cron.ts';
import { subscriberTypes } from './queue/subscriber.ts';
import { stateType } from './state/state.ts';

export interface TriggerOptions {
  /** Whether changes of the state call functions. */
  readonly stateTriggers?: boolean;
}

/** Gives an engine the trigger types that need no listener of their own. Before it starts. */
export function registerTriggerTypes(
  engine: Engine,
  { stateTriggers = true }: TriggerOptions = {},
): void {
  const types = [
    ...subscriberTypes(engine.topics, engine.log),
    cronType(engine),
    ...(stateTriggers ? [stateType(engine.state, engine)] : []),
  ];
  for (const type of types) engine.bindings.addBuiltIn(type);
}
