import type { SeenEngine } from '../../queue/store.ts';
import type { EngineView } from '../contract.ts';
import type { AdminHandlers, AdminParts } from './handler.ts';
import { timeText } from './views.ts';

export function infoHandlers(
  parts: AdminParts,
): AdminHandlers<'iii::engine::info' | 'iii::engine::list'> {
  const { store, clock } = parts.engine;
  return {
    'iii::engine::info': () => {
      const { name, guarantee, location } = store.traits;
      const { version, pid, startedAt } = parts.card();
      const refusal = store.refusal?.() ?? null;
      return Promise.resolve({
        version,
        protocol: parts.protocol,
        pid,
        startedAt: timeText(startedAt),
        now: timeText(clock.wallNow()),
        store: name,
        guarantee,
        dataDir: location,
        refusal: refusal && { message: refusal.message, hint: refusal.hint ?? null },
      });
    },
    'iii::engine::list': async () => {
      const self = parts.card();
      const alone = { ...self, lastSeenAt: clock.now(), alive: true };
      const seen = (await store.peers?.list()) ?? [alone];
      return { engines: seen.map((engine) => engineView(engine, self.id)) };
    },
  };
}

function engineView(engine: Omit<SeenEngine, 'facts'>, selfId: string): EngineView {
  const { id, address, version, host, pid, alive, startedAt, lastSeenAt } = engine;
  return {
    id,
    address,
    version,
    host,
    pid,
    status: alive ? 'running' : 'silent',
    startedAt: timeText(startedAt),
    lastSeenAt: timeText(lastSeenAt),
    self: id === selfId,
  };
}
