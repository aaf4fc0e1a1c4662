import type { AdminParts, Handler } from './handler.ts';

/** `engine::workers::register`: what every SDK calls at each connect, without waiting for an answer. */
export function registrationHandlers({ engine }: AdminParts): Readonly<Record<string, Handler>> {
  return {
    'engine::workers::register': (input, { caller }) => {
      if (caller === null) return Promise.resolve({ success: true });
      const text = (key: string): string | null => {
        const value = input.raw(key);
        return typeof value === 'string' && value !== '' ? value.slice(0, 256) : null;
      };
      const count = (key: string): number | null => {
        const value = input.raw(key);
        return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : null;
      };
      caller.profile = {
        name: text('name') ?? caller.profile.name,
        runtime: text('runtime') ?? 'unknown',
        version: text('version'),
        os: text('os'),
        pid: count('pid'),
        isolation: text('isolation'),
        description: text('description'),
      };
      // A worker may tell how many calls it wants at the same time.
      caller.limit = count('concurrency');
      if (!caller.announced) {
        caller.announced = true;
        engine.events.emit({ kind: 'worker_connected', workerId: caller.id });
      }
      engine.events.emit({ kind: 'worker_updated', workerId: caller.id });
      return Promise.resolve({ success: true });
    },
  };
}
