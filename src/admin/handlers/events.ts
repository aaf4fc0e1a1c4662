import type { EngineEvent } from '../../engine/events.ts';
import type { LoggedEvent } from '../../observe/event-log.ts';
import type { EventView } from '../event-contract.ts';
import type { Input } from '../input.ts';
import type { AdminHandlers, AdminParts } from './handler.ts';
import { timeText } from './views.ts';

/** Events in one answer, at most, and longest time a caller may wait for the first. */
const MAX_EVENTS = 1_000;
const MAX_WAIT_MS = 60_000;

export function eventHandlers({ engine, eventLog }: AdminParts): AdminHandlers<'iii::event::list'> {
  return {
    'iii::event::list': async (input) => {
      const after = input.optionalCount('after', Number.MAX_SAFE_INTEGER);
      const limit = input.optionalCount('limit', MAX_EVENTS) ?? MAX_EVENTS;
      const waitMs = input.optionalCount('waitMs', MAX_WAIT_MS) ?? 0;
      const matches = matcherOf(input);
      // without `after` a reader begins with what comes, and `recent` of what was
      const recent = input.optionalCount('recent', MAX_EVENTS) ?? 0;
      if (after === undefined) {
        const page = eventLog.read(0, Number.MAX_SAFE_INTEGER, matches);
        const events = recent === 0 ? [] : page.events.slice(-recent);
        return { events: events.map(viewOf), last: page.last, missed: 0 };
      }
      const deadline = engine.clock.now() + waitMs;
      for (let from = after; ;) {
        const page = eventLog.read(from, limit, matches);
        const missed = from === after ? page.missed : 0;
        const leftMs = deadline - engine.clock.now();
        if (page.events.length > 0 || missed > 0 || leftMs <= 0) {
          return { events: page.events.map(viewOf), last: page.last, missed };
        }
        from = page.last;
        await eventLog.waitBehind(from, leftMs);
      }
    },
  };
}

function matcherOf(input: Input): (event: EngineEvent) => boolean {
  const queue = input.optionalString('queue');
  const id = input.optionalString('id');
  const kinds = input.optionalStrings('kinds');
  return (event) =>
    (kinds === undefined || kinds.includes(event.kind)) &&
    (queue === undefined || isOfQueue(event, queue)) &&
    (id === undefined || ('id' in event && event.id === id));
}

function isOfQueue(event: EngineEvent, queue: string): boolean {
  if ('queue' in event) return event.queue === queue;
  return 'queues' in event && event.queues.includes(queue);
}

function viewOf({ seq, at, event }: LoggedEvent): EventView {
  const { kind, ...facts } = event;
  const view: Record<string, unknown> = { seq, at: timeText(at), kind };
  for (const [name, value] of Object.entries(facts)) {
    switch (name) {
      case 'dueAt':
        view['dueAt'] = timeText(value as number);
        break;
      case 'error':
        if (value !== null) {
          const { code, message } = value as { code: string; message: string };
          view['error'] = { code, message };
        }
        break;
      case 'queues':
        view['queue'] = (value as readonly string[]).join(', ');
        break;
      case 'name':
        view['worker'] = value;
        break;
      default:
        view[name] = value;
    }
  }
  return view as unknown as EventView;
}
