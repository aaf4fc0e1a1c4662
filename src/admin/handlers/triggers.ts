import { IiiError } from '../../base/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import type { NewBinding } from '../../engine/bindings.ts';
import { LIMITS } from '../../queue/limits.ts';
import type { AdminParts, Handler } from './handler.ts';

/** Why a trigger was not accepted; `null` when it was. */
type Refusal = ReturnType<Engine['bindings']['register']>;

/** Time the provider of a trigger type has to answer. */
const ANSWER_MS = 10_000;

/**
 * `engine::register_trigger` and `engine::unregister_trigger` (wire-protocol.md §5.4): triggers that
 * belong to no connection, and stay until they are unregistered or the engine ends.
 */
export function triggerHandlers({ engine }: AdminParts): Readonly<Record<string, Handler>> {
  const { bindings, random } = engine;
  return {
    'engine::register_trigger': async (input) => {
      const binding = {
        id: random.uuid(),
        triggerType: input.string('trigger_type'),
        functionId: input.string('function_id'),
        config: input.raw('config') ?? {},
        metadata: input.raw('metadata') ?? null,
      };
      if (bindings.countOf(null) >= LIMITS.registrationsPerWorker) {
        throw failed('there are too many triggers that belong to no connection');
      }
      const error = await register(engine, binding);
      if (error === null) return { id: binding.id };
      bindings.unregister(binding.id);
      throw failed(error.message);
    },
    'engine::unregister_trigger': (input) =>
      Promise.resolve({ removed: bindings.unregister(input.string('id')) }),
  };
}

/** Registers, and waits for the answer of the worker that provides the type, if one does. */
function register({ bindings, clock }: Engine, binding: NewBinding): Promise<Refusal> {
  if (!bindings.isProvided(binding.triggerType)) {
    return Promise.resolve(bindings.register(null, binding));
  }
  return new Promise((resolve) => {
    const end = (error: Refusal): void => {
      cancel();
      forget();
      resolve(error);
    };
    const forget = bindings.awaitAnswer(binding.id, end);
    const cancel = clock.after(ANSWER_MS, () => {
      const message = `the worker that provides '${binding.triggerType}' did not answer`;
      end({ code: 'trigger_registration_failed', message });
    });
    bindings.register(null, binding);
  });
}

function failed(message: string): IiiError {
  return new IiiError('trigger_registration_failed', message);
}
