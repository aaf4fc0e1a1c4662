import type { Frame } from './connection.ts';
import { Connection } from './connection.ts';
import { fateOf, HistoryWriter, monotonicMs, payloadOf } from './history.ts';

// A process of its own: worker.ts URL HISTORY-FILE. Runs jobs until it is sent a message.
const [url = '', file = ''] = process.argv.slice(2);

const LONGEST_MS = 4;
const history = new HistoryWriter(file);

interface Payload {
  readonly key: string;
  readonly group?: string;
}

const connection = new Connection(url, {
  opened: () => connection.send(JSON.stringify({ type: 'registerfunction', id: 'crash::work' })),
  frame: (frame) => {
    if (frame['type'] === 'invokefunction' && frame['function_id'] === 'crash::work') run(frame);
  },
  closed: () => undefined,
});

process.on('message', () => {
  connection.stop();
  process.disconnect();
  void history.close();
});

function run(frame: Frame): void {
  const payload = frame['data'] as Payload;
  const { key, group = null } = payload;
  const metadata = frame['metadata'] as {
    'iii.job': { id: string; attempt: number; epoch: number };
  };
  const { id, attempt, epoch } = metadata['iii.job'];
  const isIntact = JSON.stringify(payload) === payloadOf(key, group);
  history.write({ kind: 'delivered', at: monotonicMs(), key, id, attempt, epoch, isIntact });
  const fate = fateOf(key);
  const ok = fate === 'succeeds' || (fate === 'fails once' && attempt > 1);
  setTimeout(() => {
    const { invocation_id, function_id } = frame;
    const answer = ok ? { result: null } : { error: { code: 'boom', message: 'as planned' } };
    const text = JSON.stringify({
      type: 'invocationresult',
      invocation_id,
      function_id,
      ...answer,
    });
    if (connection.send(text))
      history.write({ kind: 'answered', at: monotonicMs(), id, epoch, ok });
  }, Math.random() * LONGEST_MS);
}
