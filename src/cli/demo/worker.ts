import { WebSocket } from 'ws';
import { SystemClock } from '../../base/clock.ts';
import { decodeEngineMessage, encodeInvoke } from '../../protocol/client-frames.ts';
import { encodeResult } from '../../protocol/encode.ts';
import type { InvokeFunction } from '../../protocol/messages.ts';
import {
  FUNCTIONS,
  type Mail,
  mailTrouble,
  MISSING_TEMPLATE,
  type Payment,
  paymentTrouble,
} from './scenario.ts';
import type { FromWorker, LogEntry, ToWorker } from './worker-messages.ts';

/*
 * The worker process of the demo, started with the engine's address. It speaks the worker protocol by
 * itself; real workers use an SDK. It ends when the demo that started it is gone, however that ended.
 */

/** How long the work of one job takes here. */
const WORK_MS = 120;

const clock = new SystemClock();
const templates = new Set(['receipt']);
const log: LogEntry[] = [];
const socket = new WebSocket(process.argv[2] ?? '', { perMessageDeflate: false });

socket.on('open', () => {
  const about = { runtime: 'node', name: 'demo-worker', pid: process.pid };
  for (const id of Object.values(FUNCTIONS)) {
    socket.send(JSON.stringify({ type: 'registerfunction', id }));
  }
  socket.send(
    encodeInvoke({
      invocationId: null,
      functionId: 'engine::workers::register',
      data: JSON.stringify(about),
      action: { kind: 'void' },
    }),
  );
  tell({ kind: 'ready' });
});
socket.on('message', (data: Buffer) => {
  const message = decodeEngineMessage(data.toString());
  if (message.kind === 'invoke_function') work(message);
});
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit(0));

process.on('message', (message: ToWorker) => {
  if (message.kind === 'report') {
    tell({ kind: 'log', entries: log });
    return;
  }
  templates.add(MISSING_TEMPLATE);
  tell({ kind: 'mended' });
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the demo decides when its worker ends.
process.on('SIGINT', () => undefined);

function work(call: InvokeFunction): void {
  const { id: jobId, queue, attempt } = jobOf(call);
  const payload = JSON.parse(call.data.text) as Payment & Mail;
  const isPayment = call.functionId === FUNCTIONS.payment;
  const about = {
    jobId,
    queue,
    account: isPayment ? payload.account_id : null,
    number: isPayment ? payload.number : null,
  };
  log.push({ event: 'started', ...about });
  clock.after(WORK_MS, () => {
    const trouble = isPayment
      ? paymentTrouble(payload, attempt)
      : mailTrouble(payload, attempt, templates);
    log.push({ event: trouble === null ? 'completed' : 'failed', ...about });
    socket.send(
      encodeResult({
        invocationId: call.invocationId ?? '',
        functionId: call.functionId,
        result: 'null',
        error: trouble === null ? null : { code: 'invocation_failed', message: trouble },
      }),
    );
  });
}

interface JobFacts {
  readonly id: string;
  readonly queue: string;
  readonly attempt: number;
}

function jobOf(call: InvokeFunction): JobFacts {
  const metadata = JSON.parse(call.metadata?.text ?? '{}') as { readonly 'iii.job'?: JobFacts };
  return metadata['iii.job'] ?? { id: '', queue: '', attempt: 1 };
}

function tell(message: FromWorker): void {
  process.send?.(message);
}
