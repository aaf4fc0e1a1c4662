import { request, type IncomingHttpHeaders } from 'node:http';
import { onTestFinished } from 'vitest';
import { systemRandom } from '../../../src/base/random.ts';
import type { HttpCaller } from '../../../src/engine/http-functions.ts';
import { HttpListener } from '../../../src/gateway/http-listener.ts';
import { HttpTriggers, type HttpTriggerOptions } from '../../../src/triggers/http/http-triggers.ts';
import { startEngine, type FakeWorker, type Frame } from '../../support/engine-fixture.ts';
import { eventually } from '../../support/eventually.ts';

export interface HttpResult {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface HttpCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}

/** An engine whose clock stands still, with HTTP triggers on a free port. */
export async function startHttp(
  options: Partial<HttpTriggerOptions> = {},
  httpCaller?: HttpCaller,
) {
  const fixture = await startEngine(undefined, httpCaller === undefined ? {} : { httpCaller });
  const { engine, clock } = fixture;
  const { enqueuer, invoker, functions, channels, log } = engine;
  const triggers = new HttpTriggers({
    enqueuer,
    invoker,
    functions,
    channels,
    clock,
    random: systemRandom,
    log,
    timeoutMs: 30_000,
    middlewareIds: [],
    rules: { host: '127.0.0.1', allowedHosts: [], allowedOrigins: [] },
    maxConcurrent: 1_024,
    cors: null,
    ...options,
  });
  engine.bindings.addBuiltIn(triggers);
  const address = { host: '127.0.0.1', port: 0 };
  const listener = new HttpListener({
    ...address,
    handle: triggers.handle,
    wantsBody: triggers.wantsBody,
    graceMs: 5_000,
    log,
    clock,
  });
  await listener.start();
  onTestFinished(async () => {
    const stopped = listener.stop();
    await clock.advance(5_000);
    await stopped;
  });
  const { port } = listener.address();
  return {
    ...fixture,
    listener,
    port,
    fetch: (path: string, call?: HttpCall) => fetchFrom(port, path, call),
    json: (path: string, body: string, call: HttpCall = {}) =>
      fetchFrom(port, path, {
        method: 'POST',
        ...call,
        headers: { 'content-type': 'application/json', ...call.headers },
        body,
      }),
    /** A worker whose function `fn` answers one route. */
    serve: (config: Frame, answer: FakeWorker['onDelivery'], metadata?: unknown): FakeWorker => {
      const worker = fixture.worker();
      worker.offer('fn');
      worker.onDelivery = answer;
      worker.bind('http', 'fn', config, metadata);
      return worker;
    },
  };
}

/** The nth call that reached a worker, counted from 1. */
export function delivery(worker: FakeWorker, nth = 1): Promise<Frame> {
  return eventually(() => worker.deliveries()[nth - 1]);
}

/** A request as it is written, with nothing added but the length. */
function fetchFrom(port: number, path: string, call: HttpCall = {}): Promise<HttpResult> {
  const { method = 'GET', headers = {}, body } = call;
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, agent: false, headers: { ...headers } as never },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, text: Buffer.concat(chunks).toString() });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
