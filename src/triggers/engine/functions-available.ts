import type { CancelTimer, Clock } from '../../base/clock.ts';
import type { Binding, TriggerType } from '../../engine/bindings.ts';
import type { EventStream } from '../../engine/events.ts';
import { functionEntry, isInternal } from '../../engine/function-entry.ts';
import type { FunctionRegistry } from '../../engine/functions.ts';
import { checkCondition, fireTrigger, type FireParts } from '../fire.ts';

/** Changes within this time are told together. */
const COLLECT_MS = 5_000;

export interface FunctionsAvailableParts extends FireParts {
  readonly clock: Clock;
  readonly events: EventStream;
  readonly functions: FunctionRegistry;
}

/**
 * The trigger type `engine::functions-available` (wire-protocol.md §6.9): tells which functions there
 * are, some seconds after that has changed. What has changed back by then is not told.
 */
export function functionsAvailableType(parts: FunctionsAvailableParts): TriggerType {
  const { clock, events, functions } = parts;
  /** The functions each binding knows of, as text. */
  const known = new Map<string, { readonly binding: Binding; functions: string }>();
  let cancel: CancelTimer | undefined;
  const currentText = (): string =>
    JSON.stringify(
      functions
        .list()
        .filter((listing) => !isInternal(listing))
        .map(functionEntry),
    );
  const tell = (): void => {
    cancel = undefined;
    const current = currentText();
    for (const entry of known.values()) {
      if (entry.functions === current) continue;
      entry.functions = current;
      const data = `{"event":"functions_changed","functions":${current}}`;
      void fireTrigger(parts, entry.binding, { data });
    }
  };
  events.subscribe(({ kind }) => {
    if (kind === 'functions_changed' && known.size > 0) cancel ??= clock.after(COLLECT_MS, tell);
  });
  return {
    id: 'engine::functions-available',
    description: 'Calls the function after functions have appeared or gone',
    bind: (binding) => {
      checkCondition(binding.config);
      known.set(binding.id, { binding, functions: currentText() });
    },
    unbind: ({ id }) => {
      known.delete(id);
    },
    stop: () => {
      cancel?.();
      known.clear();
    },
  };
}
