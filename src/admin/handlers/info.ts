import type { AdminHandlers, AdminParts } from './handler.ts';
import { timeText } from './views.ts';

export function infoHandlers(parts: AdminParts): AdminHandlers<'iii::engine::info'> {
  const { name, guarantee, location } = parts.engine.store.traits;
  return {
    'iii::engine::info': () =>
      Promise.resolve({
        version: parts.version,
        protocol: parts.protocol,
        pid: parts.pid,
        startedAt: timeText(parts.startedAt),
        store: name,
        guarantee,
        dataDir: location,
      }),
  };
}
