import type { Logger } from '../base/logger.ts';
import type { Tracing } from '../base/tracing.ts';
import type { Binding } from '../engine/bindings.ts';
import type { Invoker } from '../engine/invoke.ts';
import type { Answer } from '../engine/workers.ts';
import { membersOf, optionalText } from './config.ts';

/** What calling the function of a trigger takes. An engine has both. */
export interface FireParts {
  readonly invoker: Invoker;
  readonly log: Logger;
  readonly tracing?: Tracing | undefined;
}

/** Something that happened, as the bound function gets it. */
export interface TriggerEvent {
  /** JSON text. */
  readonly data: string;
  readonly traceparent?: string | null;
  readonly baggage?: string | null;
}

/** Whether the function ran, its condition said no, or something failed; then it was logged. */
export type Fired = 'called' | 'skipped' | 'failed';

/** The config member that names the condition. */
export const CONDITION = 'condition_function_id';

/**
 * For `bind`: a condition that cannot be read would silently let everything through.
 * @throws IiiError INVALID_ARGUMENTS
 */
export function checkCondition(config: unknown): void {
  optionalText(config, CONDITION);
}

/**
 * Calls the function of a trigger and waits for its end: its condition first, if it has one, with the
 * same data; only a result of exactly `false` skips (wire-protocol.md §6.1). Nobody waits for the
 * result of such a call, so what goes wrong is logged and never thrown.
 */
export async function fireTrigger(
  parts: FireParts,
  binding: Binding,
  event: TriggerEvent,
): Promise<Fired> {
  const span = parts.tracing?.begin({
    name: `trigger ${binding.triggerType}`,
    kind: 'internal',
    parent: event.traceparent ?? null,
    attributes: {
      'iii.trigger.type': binding.triggerType,
      'iii.trigger.id': binding.id,
      'iii.function.id': binding.functionId,
    },
  });
  const traceparent = span?.traceparent ?? event.traceparent ?? null;
  const fired = await fire(parts, binding, { ...event, traceparent });
  span?.end(fired === 'failed' ? 'the call failed' : null, { 'iii.trigger.result': fired });
  return fired;
}

async function fire(parts: FireParts, binding: Binding, event: TriggerEvent): Promise<Fired> {
  const condition = membersOf(binding.config)[CONDITION];
  if (typeof condition === 'string' && condition !== '') {
    const answer = await call(parts, binding, condition, event);
    if (answer?.kind !== 'result') return report(parts, binding, condition, answer);
    if (answer.result === 'false') return 'skipped';
  }
  const answer = await call(parts, binding, binding.functionId, event);
  return answer?.kind === 'result' ? 'called' : report(parts, binding, binding.functionId, answer);
}

/** `undefined` when nobody can take the call. */
function call(
  { invoker }: FireParts,
  { metadata }: Binding,
  functionId: string,
  { data, traceparent = null, baggage = null }: TriggerEvent,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const metadataText = (metadata ?? null) === null ? null : JSON.stringify(metadata);
    const request = {
      functionId,
      data,
      traceparent,
      baggage,
      metadata: metadataText,
      caller: null,
    };
    if (invoker.deliver(request, resolve) === undefined) resolve(undefined);
  });
}

function report(
  { log }: FireParts,
  { id, triggerType }: Binding,
  functionId: string,
  answer: Exclude<Answer, { readonly kind: 'result' }> | undefined,
): Fired {
  const facts = { trigger: id, type: triggerType, function: functionId };
  if (answer === undefined) {
    log.warn('a trigger fired and nobody could take the call', facts);
  } else if (answer.kind === 'lost') {
    log.warn('a trigger fired and the worker went away before it answered', facts);
  } else {
    const { code, message } = answer.error;
    log.error('a function called by a trigger failed', { ...facts, code, error: message });
  }
  return 'failed';
}
