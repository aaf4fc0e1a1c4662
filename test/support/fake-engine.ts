import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

type Json = Readonly<Record<string, unknown>>;

/** One call the fake engine got. */
export interface ReceivedCall {
  readonly functionId: string;
  readonly data: unknown;
  /** The payload exactly as it stood in the frame. */
  readonly dataText: string;
  readonly action: Json | null;
  readonly token: string | null;
}

/** What a function answers: a result, or `fail(…)`, or a promise of it. `undefined` never answers. */
type Answer = (call: ReceivedCall) => unknown;

class Failure {
  readonly error: Json;

  constructor(error: Json) {
    this.error = error;
  }
}

/** An answer that is an error. */
export function fail(code: string, message: string, more: Json = {}): unknown {
  return new Failure({ code, message, ...more });
}

export const NO_ANSWER = undefined;

/** An engine's end of the protocol with answers made up by the test. */
export class FakeEngine {
  readonly calls: ReceivedCall[] = [];
  readonly url: string;
  readonly #server: WebSocketServer;
  readonly #answers: Record<string, Answer>;
  readonly #waiting: { readonly id: string; readonly resolve: () => void }[] = [];

  private constructor(server: WebSocketServer, answers: Record<string, Answer>) {
    this.#server = server;
    this.#answers = answers;
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket, request) => {
      const token = request.headers.authorization?.replace('Bearer ', '') ?? null;
      socket.send('{"type":"workerregistered","worker_id":"5b1f5d5e-0000-4000-8000-000000000001"}');
      socket.on('message', (frame: Buffer) => {
        this.#receive(socket, frame.toString('utf8'), token);
      });
    });
  }

  /** Starts one; `token` is the only one it lets in. `enqueue` answers enqueue actions. */
  static async start(answers: Record<string, Answer>, token?: string): Promise<FakeEngine> {
    const server = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      ...(token === undefined
        ? {}
        : {
            verifyClient: ({ req }: { req: IncomingMessage }) =>
              req.headers.authorization === `Bearer ${token}`,
          }),
    });
    await new Promise<void>((resolve) => server.once('listening', resolve));
    return new FakeEngine(server, answers);
  }

  /** Resolves when a function has been called. */
  called(id: string): Promise<void> {
    if (this.calls.some(({ functionId }) => functionId === id)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ id, resolve }));
  }

  /** Drops every connection without a word. */
  dropConnections(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  async stop(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #receive(socket: WebSocket, frame: string, token: string | null): void {
    const message = JSON.parse(frame) as Json;
    const action = (message['action'] ?? null) as Json | null;
    const call: ReceivedCall = {
      functionId: String(message['function_id']),
      data: message['data'],
      dataText: frame.slice(frame.indexOf('"data":') + 7, -1),
      action,
      token,
    };
    this.calls.push(call);
    for (const waiter of this.#waiting) if (waiter.id === call.functionId) waiter.resolve();
    const invocationId = message['invocation_id'];
    if (typeof invocationId !== 'string') return;
    const answer = this.#answers[action?.['type'] === 'enqueue' ? 'enqueue' : call.functionId];
    const result =
      answer === undefined
        ? fail('function_not_found', `Function ${call.functionId} not found`)
        : answer(call);
    if (result === NO_ANSWER) return;
    const send = (ready: unknown): void => this.#send(socket, invocationId, call, ready);
    if (result instanceof Promise) void result.then(send);
    else send(result);
  }

  #send(socket: WebSocket, invocationId: string, call: ReceivedCall, result: unknown): void {
    const body =
      result instanceof Failure
        ? `"error":${JSON.stringify(result.error)}`
        : `"result":${result instanceof RawResult ? result.text : JSON.stringify(result)}`;
    socket.send(
      `{"type":"invocationresult","invocation_id":"${invocationId}","function_id":${JSON.stringify(call.functionId)},${body}}`,
    );
  }
}

class RawResult {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An answer given as JSON text, for numbers that JavaScript cannot hold. */
export function raw(text: string): unknown {
  return new RawResult(text);
}
