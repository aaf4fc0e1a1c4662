import { messageOf } from '../../base/errors.ts';
import type { Binding, TriggerType } from '../../engine/bindings.ts';
import type { State, StateChange } from '../../state/state.ts';
import { optionalText, warnOfStray } from '../config.ts';
import {
  checkCondition,
  CONDITION,
  fireTrigger,
  type FireParts,
  type TriggerEvent,
} from '../fire.ts';

/**
 * The trigger type `state`: calls functions after a value was set, updated or deleted. Whoever made the
 * change does not wait for them; the functions of one change are called one after the other.
 */
export function stateType(state: State, parts: FireParts): TriggerType {
  const bindings = new Map<string, Binding>();
  let stopped = false;
  state.watch((change) => {
    const matching = [...bindings.values()].filter(({ config }) => matches(config, change));
    if (matching.length === 0 || stopped) return;
    fireAll(parts, matching, { ...change.origin, data: eventText(change) }).catch(
      (thrown: unknown) => {
        parts.log.error('the triggers of a state change failed', { error: messageOf(thrown) });
      },
    );
  });
  return {
    id: 'state',
    description: 'Calls the function after a value of the state was changed',
    bind: (binding, warn) => {
      optionalText(binding.config, 'scope');
      optionalText(binding.config, 'key');
      checkCondition(binding.config);
      warnOfStray(binding, ['scope', 'key', CONDITION], warn, parts.log);
      bindings.set(binding.id, binding);
    },
    unbind: (binding) => {
      bindings.delete(binding.id);
    },
    stop: () => {
      stopped = true;
    },
  };
}

async function fireAll(
  parts: FireParts,
  bindings: readonly Binding[],
  event: TriggerEvent,
): Promise<void> {
  for (const binding of bindings) await fireTrigger(parts, binding, event);
}

/** A scope or key that is not given stands for any. */
function matches(config: unknown, { scope, key }: StateChange): boolean {
  return (
    (optionalText(config, 'scope') ?? scope) === scope &&
    (optionalText(config, 'key') ?? key) === key
  );
}

function eventText({ scope, key, before, after }: StateChange): string {
  const had = before !== null && before !== 'null';
  const happened = after === null ? 'deleted' : had ? 'updated' : 'created';
  const head = { type: 'state', event_type: `state:${happened}`, scope, key };
  const values = `"old_value":${before ?? 'null'},"new_value":${after ?? 'null'}`;
  return `${JSON.stringify(head).slice(0, -1)},${values}}`;
}
