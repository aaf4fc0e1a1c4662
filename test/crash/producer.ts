import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { Caller } from './caller.ts';
import type { Frame } from './connection.ts';
import { Connection } from './connection.ts';
import type { LineOf, QueueView } from './history.ts';
import { HistoryWriter, monotonicMs } from './history.ts';
import { GROUPED, payloadOf, PLAIN } from './job-plan.ts';

// A process of its own: producer.ts URL HISTORY-FILE. Enqueues until it is sent a message.
const [url = '', file = ''] = process.argv.slice(2);

const OUTSTANDING = 25;
const GROUPS = 8;
const PAUSE_MS = 10;
/** More than this is not needed, and would have to be done with in the end. */
const ENOUGH_WAITING = 2_000;
const LOOK_EVERY_MS = 200;
/** Deduplicated jobs are delayed, so that some are still there after the next faults. */
const DEDUP_SHARE = 0.05;
const DEDUP_DELAY_MS = 1_000;
const DEDUP_KEYS = 3;
const NEW_KEYS_EVERY_MS = 3_000;

const prefix = randomBytes(4).toString('hex');
const history = new HistoryWriter(file);
/** Keys by the invocation that enqueues them. */
const waiting = new Map<string, string>();
let count = 0;
let isStopping = false;
let isFull = false;

const caller = new Caller(url);
const connection = new Connection(url, {
  opened: () => undefined,
  frame: (frame) => {
    const invocation = String(frame['invocation_id']);
    const key = waiting.get(invocation);
    if (frame['type'] !== 'invocationresult' || key === undefined) return;
    waiting.delete(invocation);
    history.write(lineOf(key, frame));
    finish();
  },
  closed: () => {
    for (const key of waiting.values()) history.write({ kind: 'unknown', at: monotonicMs(), key });
    waiting.clear();
    finish();
  },
});
const beat = setInterval(fill, PAUSE_MS);
const look = setInterval(() => void lookAtBacklog(), LOOK_EVERY_MS);

process.on('message', () => {
  isStopping = true;
  finish();
});

function fill(): void {
  while (connection.isOpen && !isFull && !isStopping && waiting.size < OUTSTANDING) {
    const key = `${prefix}-${(count++).toString(36)}`;
    enqueue({ kind: 'invoke', at: monotonicMs(), key, ...settings() });
  }
}

function settings(): Pick<LineOf<'invoke'>, 'group' | 'dedupKey' | 'delayMs'> {
  if (count % 2 === 0) {
    return { group: `${prefix}-${randomInt(GROUPS)}`, dedupKey: null, delayMs: 0 };
  }
  if (Math.random() >= DEDUP_SHARE) return { group: null, dedupKey: null, delayMs: 0 };
  const period = Math.floor(monotonicMs() / NEW_KEYS_EVERY_MS);
  const dedupKey = `${prefix}-${period}-${randomInt(DEDUP_KEYS)}`;
  return { group: null, dedupKey, delayMs: DEDUP_DELAY_MS };
}

function enqueue(line: LineOf<'invoke'>): void {
  const { key, group, dedupKey, delayMs } = line;
  const invocation = randomUUID();
  const options = dedupKey === null ? {} : { dedup_key: dedupKey, delay_ms: delayMs };
  const head = JSON.stringify({
    type: 'invokefunction',
    invocation_id: invocation,
    function_id: 'crash::work',
    action: { type: 'enqueue', queue: group === null ? PLAIN : GROUPED, ...options },
  });
  history.write(line);
  waiting.set(invocation, key);
  connection.send(`${head.slice(0, -1)},"data":${payloadOf(key, group)}}`);
}

async function lookAtBacklog(): Promise<void> {
  const answer = await caller.call('iii::queue::list');
  if (answer.kind !== 'result') return;
  const { queues } = answer.value as { queues: readonly QueueView[] };
  isFull = queues.some((queue) => queue.waiting + queue.delayed > ENOUGH_WAITING);
}

function lineOf(
  key: string,
  frame: Frame,
): LineOf<'accepted'> | LineOf<'refused'> | LineOf<'unknown'> {
  const at = monotonicMs();
  const error = frame['error'] as
    { message: string; details?: { uncertain?: boolean } } | null | undefined;
  if (error?.details?.uncertain === true) return { kind: 'unknown', at, key };
  if (error !== undefined && error !== null)
    return { kind: 'refused', at, key, error: error.message };
  const { messageReceiptId } = frame['result'] as { messageReceiptId: string };
  return { kind: 'accepted', at, key, id: messageReceiptId };
}

function finish(): void {
  if (!isStopping || waiting.size > 0 || !process.connected) return;
  clearInterval(beat);
  clearInterval(look);
  connection.stop();
  caller.stop();
  process.disconnect();
  void history.close();
}
