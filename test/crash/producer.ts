import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { Frame } from './connection.ts';
import { Connection } from './connection.ts';
import { HistoryWriter, monotonicMs, payloadOf } from './history.ts';

// A process of its own: producer.ts URL HISTORY-FILE. Enqueues until it is sent a message.
const [url = '', file = ''] = process.argv.slice(2);

const OUTSTANDING = 50;
const GROUPS = 8;
/** Enough to keep the engine busy, and little enough to be done with in the end. */
const PAUSE_MS = 5;
const prefix = randomBytes(4).toString('hex');
const history = new HistoryWriter(file);
/** Keys by the invocation that enqueues them. */
const waiting = new Map<string, string>();
let count = 0;
let isOpen = false;
let isStopping = false;

const connection = new Connection(url, {
  opened: () => {
    isOpen = true;
  },
  frame: (frame) => {
    const invocation = String(frame['invocation_id']);
    const key = waiting.get(invocation);
    if (frame['type'] !== 'invocationresult' || key === undefined) return;
    waiting.delete(invocation);
    history.write(lineOf(key, frame));
    finish();
  },
  closed: () => {
    isOpen = false;
    for (const key of waiting.values()) history.write({ kind: 'unknown', at: monotonicMs(), key });
    waiting.clear();
    finish();
  },
});
const beat = setInterval(fill, PAUSE_MS);

process.on('message', () => {
  isStopping = true;
  finish();
});

function fill(): void {
  while (isOpen && !isStopping && waiting.size < OUTSTANDING) {
    const key = `${prefix}-${(count++).toString(36)}`;
    const group = count % 2 === 0 ? `${prefix}-${randomInt(GROUPS)}` : null;
    const invocation = randomUUID();
    const head = JSON.stringify({
      type: 'invokefunction',
      invocation_id: invocation,
      function_id: 'crash::work',
      action: { type: 'enqueue', queue: group === null ? 'plain' : 'grouped' },
    });
    history.write({ kind: 'invoke', at: monotonicMs(), key, group });
    waiting.set(invocation, key);
    connection.send(`${head.slice(0, -1)},"data":${payloadOf(key, group)}}`);
  }
}

function lineOf(key: string, frame: Frame) {
  const at = monotonicMs();
  const error = frame['error'] as { message: string } | null | undefined;
  if (error !== undefined && error !== null)
    return { kind: 'refused', at, key, error: error.message } as const;
  const { messageReceiptId } = frame['result'] as { messageReceiptId: string };
  return { kind: 'accepted', at, key, id: messageReceiptId } as const;
}

function finish(): void {
  if (!isStopping || waiting.size > 0 || !process.connected) return;
  clearInterval(beat);
  connection.stop();
  process.disconnect();
  void history.close();
}
