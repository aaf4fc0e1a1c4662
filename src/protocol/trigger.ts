import { dropped, findFault, type Frame, optionalString, stringIn } from './frame.ts';
import { readError } from './invocation.ts';
import type { DroppedFrame, RegisterTrigger, TriggerRegistrationResult } from './messages.ts';

/** What ends a trigger: the same message in both directions. */
export interface UnregisterTrigger {
  readonly kind: 'unregister_trigger';
  readonly id: string;
  readonly triggerType: string | null;
}

export type TriggerMessage = RegisterTrigger | UnregisterTrigger | TriggerRegistrationResult;

/** Reads the messages about triggers, which are the same in both directions. */
export function readTriggerMessage(frame: Frame): TriggerMessage | DroppedFrame {
  switch (frame.type) {
    case 'registertrigger':
      return (
        findFault(frame, ['id', 'trigger_type', 'function_id']) ?? {
          kind: 'register_trigger',
          id: stringIn(frame, 'id'),
          triggerType: stringIn(frame, 'trigger_type'),
          functionId: stringIn(frame, 'function_id'),
          // Python leaves the member out when there is nothing to configure
          config: frame.members.config ?? {},
          metadata: frame.members.metadata ?? null,
        }
      );
    case 'unregistertrigger':
      return (
        findFault(frame, ['id']) ?? {
          kind: 'unregister_trigger',
          id: stringIn(frame, 'id'),
          triggerType: optionalString(frame, 'trigger_type'),
        }
      );
    case 'triggerregistrationresult':
      return (
        findFault(frame, ['id']) ?? {
          kind: 'trigger_registration_result',
          id: stringIn(frame, 'id'),
          triggerType: optionalString(frame, 'trigger_type'),
          functionId: optionalString(frame, 'function_id'),
          error: readError(frame.members.error),
          warnings: textsIn(frame.members.warnings),
        }
      );
    default:
      return dropped('unknown type');
  }
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
