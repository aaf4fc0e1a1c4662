import type { Binding, TriggerType } from '../../engine/bindings.ts';
import type { EngineEvent, EventStream } from '../../engine/events.ts';
import { checkCondition, fireTrigger, type FireParts } from '../fire.ts';

export interface WorkersAvailableParts extends FireParts {
  readonly events: EventStream;
}

/**
 * The trigger type `engine::workers-available` (wire-protocol.md §6.10): tells at once when a worker
 * has come, told about itself, or gone.
 */
export function workersAvailableType(parts: WorkersAvailableParts): TriggerType {
  const bindings = new Map<string, Binding>();
  parts.events.subscribe((event) => {
    const happened = nameOf(event.kind);
    if (happened === null || !('workerId' in event)) return;
    const data = JSON.stringify({ event: happened, worker_id: event.workerId });
    for (const binding of bindings.values()) void fireTrigger(parts, binding, { data });
  });
  return {
    id: 'engine::workers-available',
    description: 'Calls the function after a worker has come or gone',
    bind: (binding) => {
      checkCondition(binding.config);
      bindings.set(binding.id, binding);
    },
    unbind: ({ id }) => {
      bindings.delete(id);
    },
    stop: () => {
      bindings.clear();
    },
  };
}

function nameOf(kind: EngineEvent['kind']): string | null {
  switch (kind) {
    case 'worker_connected':
    case 'worker_disconnected':
      return kind;
    case 'worker_updated':
      return 'worker_metadata_updated';
    default:
      return null;
  }
}
