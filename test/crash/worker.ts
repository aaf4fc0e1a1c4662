import type { Frame } from './connection.ts';
import { Connection } from './connection.ts';
import { HistoryWriter, monotonicMs } from './history.ts';
import { payloadOf, succeeds } from './job-plan.ts';

// A process of its own: worker.ts URL HISTORY-FILE. Runs jobs until it is sent a message.
const [url = '', file = ''] = process.argv.slice(2);

const LONGEST_MS = 4;
/** The share of answers that are sent twice, the second time with the opposite outcome. */
const TWICE_SHARE = 0.02;
/** Calls of a lost connection that are answered through the next one. */
const LATE_ANSWERS = 3;
const history = new HistoryWriter(file);

interface Payload {
  readonly key: string;
  readonly group?: string;
}

/** A call that was delivered through this connection. */
interface Call {
  readonly frame: Frame;
  readonly id: string;
  readonly epoch: number;
}

let lastCalls: Call[] = [];

const connection = new Connection(url, {
  opened: () => {
    connection.send(JSON.stringify({ type: 'registerfunction', id: 'crash::work' }));
    for (const call of lastCalls) answerLate(call, true);
    lastCalls = [];
  },
  frame: (frame, text) => {
    if (frame['type'] === 'invokefunction' && frame['function_id'] === 'crash::work') {
      run(frame, text);
    }
  },
  closed: () => undefined,
});

process.on('message', () => {
  connection.stop();
  process.disconnect();
  void history.close();
});

function run(frame: Frame, text: string): void {
  const { key, group = null } = frame['data'] as Payload;
  const metadata = frame['metadata'] as {
    'iii.job': { id: string; attempt: number; epoch: number };
  };
  const { id, attempt, epoch } = metadata['iii.job'];
  const since = connection.openedAt;
  const isIntact = text.includes(payloadOf(key, group));
  history.write({ kind: 'delivered', at: monotonicMs(), since, key, id, attempt, epoch, isIntact });
  const call = { frame, id, epoch };
  lastCalls = [...lastCalls, call].slice(-LATE_ANSWERS);
  setTimeout(() => {
    const ok = succeeds(key, attempt, epoch);
    if (connection.openedAt !== since) answerLate(call, ok);
    else if (connection.isOpen) {
      history.write({ kind: 'answered', at: monotonicMs(), since, id, epoch, ok });
      answer(frame, ok);
      if (Math.random() < TWICE_SHARE) answerLate(call, !ok);
    }
  }, Math.random() * LONGEST_MS);
}

function answerLate({ frame, id, epoch }: Call, ok: boolean): void {
  if (!connection.isOpen) return;
  history.write({ kind: 'late', at: monotonicMs(), id, epoch });
  answer(frame, ok);
}

function answer({ invocation_id, function_id }: Frame, ok: boolean): void {
  const outcome = ok ? { result: null } : { error: { code: 'boom', message: 'as planned' } };
  connection.send(
    JSON.stringify({ type: 'invocationresult', invocation_id, function_id, ...outcome }),
  );
}
