import type { LocalCall, LocalFunction } from '../engine/functions.ts';
import { ADMIN_ROLES, type AdminFunctionId } from './contract.ts';
import { channelHandlers } from './handlers/channels.ts';
import { compatHandlers } from './handlers/compat.ts';
import { configHandlers } from './handlers/config.ts';
import { deadLetterHandlers } from './handlers/dead-letters.ts';
import { enqueueHandlers } from './handlers/enqueue.ts';
import { eventHandlers } from './handlers/events.ts';
import { groupHandlers } from './handlers/groups.ts';
import { callerName } from './handlers/bulk-input.ts';
import type { AdminHandlers, AdminParts, AuditNote, Handler } from './handlers/handler.ts';
import { infoHandlers } from './handlers/info.ts';
import { jobHandlers } from './handlers/jobs.ts';
import { listingHandlers } from './handlers/listings.ts';
import { queueHandlers } from './handlers/queues.ts';
import { registrationHandlers } from './handlers/registration.ts';
import { stateFunctions } from './handlers/state.ts';
import { taskHandlers } from './handlers/tasks.ts';
import { publishHandlers, topicHandlers, topicQueueHandlers } from './handlers/topics.ts';
import { transferHandlers } from './handlers/transfer.ts';
import { triggerHandlers } from './handlers/triggers.ts';
import { workerHandlers } from './handlers/workers.ts';
import { Input } from './input.ts';

/** Compatible functions that change something; the other compatible ones only look. */
const COMPAT_OPERATIONS: ReadonlySet<string> = new Set([
  'iii::queue::redrive',
  'iii::queue::redrive_message',
  'iii::queue::discard_message',
  'queue.redrive_dlq',
]);

/** Puts every admin and engine function into the engine's registry. */
export function registerAdminFunctions(parts: AdminParts): void {
  const contract: AdminHandlers<AdminFunctionId> = {
    ...infoHandlers(parts),
    ...queueHandlers(parts),
    ...jobHandlers(parts),
    ...groupHandlers(parts),
    ...configHandlers(parts),
    ...eventHandlers(parts),
    ...deadLetterHandlers(parts),
    ...transferHandlers(parts),
    ...taskHandlers(parts),
    ...topicHandlers(parts),
    ...workerHandlers(parts),
  };
  const add = (id: string, access: LocalFunction['access'], handler: Handler): void => {
    parts.engine.functions.addLocal({
      id,
      description: null,
      access,
      internal: true,
      run: async (call) => {
        const input = new Input(call.data);
        const note: AuditNote = { facts: {}, changed: true };
        const result = await handler(input, call, note);
        if (access === 'operate' && note.changed && !input.flag('dryRun')) {
          await audit(parts, id, call, result, note);
        }
        return result === undefined ? null : JSON.stringify(result);
      },
    });
  };
  for (const [id, handler] of Object.entries(contract)) {
    add(id, ADMIN_ROLES[id as AdminFunctionId], handler);
  }
  const compatible = { ...compatHandlers(parts), ...topicQueueHandlers(parts) };
  for (const [id, handler] of Object.entries(compatible)) {
    add(id, COMPAT_OPERATIONS.has(id) ? 'operate' : 'read', handler);
  }
  const producing = {
    ...enqueueHandlers(parts),
    ...publishHandlers(parts),
    ...channelHandlers(parts),
  };
  for (const [id, handler] of Object.entries(producing)) add(id, 'trigger', handler);
  const open = { ...listingHandlers(parts), ...registrationHandlers(parts) };
  for (const [id, handler] of Object.entries(open)) add(id, 'any', handler);
  for (const [id, handler] of Object.entries(triggerHandlers(parts))) add(id, 'register', handler);
  for (const local of stateFunctions(parts.engine.state)) parts.engine.functions.addLocal(local);
}

/** One line and one entry for each change an operator made: who, what, and how many. */
async function audit(
  { engine }: AdminParts,
  action: string,
  call: LocalCall,
  result: unknown,
  note: AuditNote,
): Promise<void> {
  const facts: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(result ?? {})) {
    if (typeof value !== 'object') facts[name] = value as string | number | boolean;
  }
  Object.assign(facts, note.facts);
  const by = callerName(call);
  engine.log.info('operator action', { action, by, ...facts });
  await engine.audit.add({ action, by, facts });
}
