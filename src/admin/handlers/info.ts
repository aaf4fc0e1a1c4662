import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import type { AdminHandlers, AdminParts } from './handler.ts';
import { timeText } from './views.ts';

export function infoHandlers(parts: AdminParts): AdminHandlers<'iii::engine::info'> {
  const { name, guarantee, location } = parts.engine.store.traits;
  return {
    'iii::engine::info': () =>
      Promise.resolve({
        version: parts.version,
        protocol: PROTOCOL_VERSION,
        pid: parts.pid,
        startedAt: timeText(parts.startedAt),
        store: name,
        guarantee,
        dataDir: location,
      }),
  };
}
