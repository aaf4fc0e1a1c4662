import { randomUUID } from 'node:crypto';
import { WebSocket, type ClientOptions } from 'ws';
import { eventually, within } from './eventually.ts';

export type Frame = Readonly<Record<string, unknown>>;

export interface WireFailure {
  readonly code: string;
  readonly message: string;
  readonly retryable?: boolean;
}

/** The answer to a call. */
export interface Reply {
  /** The frame as it came. */
  readonly text: string;
  readonly result: unknown;
  readonly error: WireFailure | undefined;
}

export interface RawOptions extends ClientOptions {
  readonly path?: string;
  readonly protocol?: string;
  readonly token?: string;
}

/** A WebSocket that speaks the worker protocol by hand: every frame it sends is the test's own. */
export class RawClient {
  /** Every text frame that came, as it came. */
  readonly texts: string[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      this.texts.push(data.toString());
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    socket.on('error', () => {
      // seen as `closed`, or as the rejection of `connect`
    });
  }

  /** Rejects with the HTTP status in its message when the upgrade is refused. */
  static async connect(url: string, options: RawOptions = {}): Promise<RawClient> {
    const { path = '/', protocol, token, headers, ...rest } = options;
    const socket = new WebSocket(url + path, protocol === undefined ? [] : [protocol], {
      perMessageDeflate: false,
      ...rest,
      headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    });
    const client = new RawClient(socket);
    const opened = new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    await within(opened, 5_000, 'the connection');
    return client;
  }

  /** Connects, expects to be refused, and answers the HTTP status. */
  static async refused(url: string, options: RawOptions = {}): Promise<number> {
    try {
      const client = await RawClient.connect(url, options);
      client.terminate();
    } catch (thrown) {
      const status = /Unexpected server response: (\d+)/.exec(String(thrown))?.[1];
      if (status !== undefined) return Number(status);
      throw thrown;
    }
    throw new Error('the connection was accepted');
  }

  get socket(): WebSocket {
    return this.#socket;
  }

  get frames(): Frame[] {
    return this.texts.map((text) => JSON.parse(text) as Frame);
  }

  send(frame: Frame | string): void {
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  /** Offers a function; every call of it is answered by `respond`, unless that is left out. */
  offer(functionId: string, respond?: (call: Frame, text: string) => Frame | undefined): void {
    this.send({ type: 'registerfunction', id: functionId });
    if (respond === undefined) return;
    this.#socket.on('message', (data: Buffer) => {
      const text = data.toString();
      const call = JSON.parse(text) as Frame;
      if (call['type'] !== 'invokefunction' || call['function_id'] !== functionId) return;
      const answer = respond(call, text);
      if (answer !== undefined) this.answer(call, answer);
    });
  }

  /** Answers a call: `{}` for success, or with `result` or `error`. */
  answer(call: Frame, outcome: Frame = {}): void {
    const { invocation_id, function_id } = call;
    this.send({ type: 'invocationresult', invocation_id, function_id, ...outcome });
  }

  /** Calls a function; `data` is JSON text, `undefined` leaves the member out. */
  async invoke(functionId: string, data?: string, members: Frame = {}): Promise<Reply> {
    const id = randomUUID();
    const head = JSON.stringify({
      type: 'invokefunction',
      invocation_id: id,
      function_id: functionId,
      ...members,
    });
    this.send(data === undefined ? head : `${head.slice(0, -1)},"data":${data}}`);
    return this.reply(id);
  }

  /** Calls a function and answers its result; an error is thrown. */
  async call<Result = Frame>(functionId: string, data: unknown = {}): Promise<Result> {
    const reply = await this.invoke(functionId, JSON.stringify(data));
    if (reply.error !== undefined) {
      throw new Error(`${functionId}: ${reply.error.code}: ${reply.error.message}`);
    }
    return reply.result as Result;
  }

  /** Enqueues; `data` is JSON text, `options` stand beside `queue` in the action. */
  enqueue(
    queue: string,
    functionId: string,
    data = '{}',
    options: Frame = {},
    members: Frame = {},
  ): Promise<Reply> {
    const action = { type: 'enqueue', queue, ...options };
    return this.invoke(functionId, data, { action, ...members });
  }

  /** Enqueues what must be accepted, and answers the id of the job. */
  async accepted(
    queue: string,
    functionId: string,
    data = '{}',
    options: Frame = {},
  ): Promise<string> {
    const { result, error } = await this.enqueue(queue, functionId, data, options);
    if (error !== undefined) throw new Error(`${error.code}: ${error.message}`);
    return (result as { messageReceiptId: string }).messageReceiptId;
  }

  /** Waits for the answer to a call with this id; rejects when the connection closes before it. */
  async reply(invocationId: string): Promise<Reply> {
    const reply = await eventually(() => {
      const isClosed = this.closed !== undefined;
      for (const text of this.texts) {
        if (!text.includes(invocationId)) continue;
        const frame = JSON.parse(text) as Frame;
        if (frame['type'] !== 'invocationresult' || frame['invocation_id'] !== invocationId)
          continue;
        return { text, result: frame['result'], error: frame['error'] as WireFailure | undefined };
      }
      return isClosed ? ('closed' as const) : undefined;
    });
    if (reply === 'closed') throw new Error('the connection closed before the answer');
    return reply;
  }

  /** The calls delivered so far. */
  deliveries(functionId?: string): Frame[] {
    return this.frames.filter(
      (frame) =>
        frame['type'] === 'invokefunction' &&
        (functionId === undefined || frame['function_id'] === functionId),
    );
  }

  /** Waits for the nth delivery, counted from 1. */
  delivery(nth = 1, functionId?: string, deadlineMs = 20_000): Promise<Frame> {
    return eventually(() => this.deliveries(functionId)[nth - 1], deadlineMs);
  }

  /** The text of the nth delivery, counted from 1. */
  async deliveryText(functionId: string, nth = 1): Promise<string> {
    await this.delivery(nth, functionId);
    const isDelivery = (text: string): boolean => {
      const frame = JSON.parse(text) as Frame;
      return frame['type'] === 'invokefunction' && frame['function_id'] === functionId;
    };
    return this.texts.filter(isDelivery)[nth - 1]!;
  }

  /** Waits until the engine has handled all that was sent before. */
  async settled(): Promise<void> {
    await this.invoke('engine::functions::list', '{}');
  }

  async whenClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    return eventually(() => this.closed);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}
