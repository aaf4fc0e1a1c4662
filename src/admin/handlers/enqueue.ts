import { depthOf, readItems, readMember, scanMembers } from '../../base/json.ts';
import type { EnqueueRequest } from '../../engine/enqueue.ts';
import { enqueueError } from '../../engine/enqueue-error.ts';
import type { LocalCall } from '../../engine/functions.ts';
import type { AdminParts, Handler } from './handler.ts';

/** Jobs one batch may hold. */
const MAX_BATCH = 1_000;

/**
 * Enqueueing as a function call: the original's `engine::queue::enqueue`, and the batch that is
 * accepted whole or not at all. Payloads are taken as text, as everywhere.
 */
export function enqueueHandlers({ engine }: AdminParts): Readonly<Record<string, Handler>> {
  return {
    'engine::queue::enqueue': async (_input, call) => {
      const [receipt] = await engine.enqueue([readRequest(call.data, call, {})]);
      return { messageReceiptId: receipt?.id };
    },
    /** `{queue?, jobs: [{function_id, data, queue?, delay_ms?, …}]}` → `{messageReceiptIds}`, in order. */
    'iii::queue::enqueue_batch': async (_input, call) => {
      const items = readItems(readMember(call.data, 'jobs') ?? 'null');
      if (items === undefined || items.length === 0) {
        throw enqueueError('jobs must be a list with at least one job');
      }
      if (items.length > MAX_BATCH) {
        throw enqueueError(`a batch holds at most ${MAX_BATCH} jobs, not ${items.length}`);
      }
      const queue = readMember(call.data, 'queue');
      const common = queue === undefined ? {} : { queue: JSON.parse(queue) as unknown };
      const receipts = await engine.enqueue(items.map((item) => readRequest(item, call, common)));
      return { messageReceiptIds: receipts.map(({ id }) => id) };
    },
  };
}

function readRequest(
  text: string,
  call: LocalCall,
  common: Readonly<Record<string, unknown>>,
): EnqueueRequest {
  const options: Record<string, unknown> = { ...common };
  let data = 'null';
  for (const [name, span] of scanMembers(text)) {
    const member = text.slice(span.start, span.end);
    if (name === 'data') data = member;
    else if (name !== '__proto__') options[name] = JSON.parse(member);
  }
  const functionId = options['function_id'];
  if (typeof functionId !== 'string') {
    throw enqueueError('function_id is required and must be a string');
  }
  const textOption = (name: string): string | null => {
    const value = options[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const id = textOption('messageReceiptId');
  return {
    functionId,
    data: { text: data, depth: depthOf(data) },
    options,
    traceparent: textOption('traceparent') ?? call.traceparent,
    baggage: textOption('baggage') ?? call.baggage,
    metadata: call.metadata,
    ...(id === null ? {} : { id }),
  };
}
