import { CorkedSocket } from './corked-socket.ts';

/** Bytes of every payload. */
export const PAYLOAD_BYTES = 300;

const FUNCTION_ID = 'bench::noop';

/** A JSON object of exactly `PAYLOAD_BYTES` with a sequence number and the time it was made. */
export function makePayload(seq: number): string {
  const head = `{"seq":${seq},"at":${performance.now()},"to":"user@example.com","body":"`;
  return `${head}${'x'.repeat(PAYLOAD_BYTES - head.length - 2)}"}`;
}

/** The frame that enqueues one job; the echo sends the same. */
export function enqueueFrame(seq: number, queue: string): string {
  return (
    `{"type":"invokefunction","function_id":"${FUNCTION_ID}","invocation_id":"${idOf(seq)}"` +
    `,"action":{"type":"enqueue","queue":"${queue}"},"data":${makePayload(seq)}}`
  );
}

/** Shaped like a UUID, as SDKs send them. */
function idOf(seq: number): string {
  return `00000000-0000-4000-8000-${String(seq).padStart(12, '0')}`;
}

interface Frame {
  readonly type: string;
  readonly invocation_id: string;
  readonly error?: unknown;
  readonly data?: { readonly at: number };
}

/** Enqueues jobs and counts receipts; keeps a number of enqueues without receipt while it runs. */
export class Producer {
  receipts = 0;
  sent = 0;
  readonly #socket: CorkedSocket;
  readonly #queue: string;
  #keepOutstanding = 0;
  /** How many are sent at most while outstanding ones are kept. */
  #last = Number.POSITIVE_INFINITY;
  #whenAllReceived: (() => void) | undefined;

  private constructor(socket: CorkedSocket, queue: string) {
    this.#socket = socket;
    this.#queue = queue;
    socket.onText = this.#receive;
  }

  static async open(url: string, queue: string): Promise<Producer> {
    return new Producer(await CorkedSocket.open(url), queue);
  }

  /** Sends one job without regard to how many are outstanding. */
  send(): void {
    this.#socket.send(enqueueFrame(this.sent++, this.#queue));
  }

  /** Keeps `outstanding` enqueues on the way for this long, then waits for the last receipt. */
  async run(outstanding: number, durationMs: number): Promise<void> {
    this.#keepOutstanding = outstanding;
    for (let count = 0; count < outstanding; count++) this.send();
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    this.#keepOutstanding = 0;
    await this.allReceived();
  }

  /** Enqueues `jobs` with at most `outstanding` on the way, and waits for the last receipt. */
  async sendAll(jobs: number, outstanding: number): Promise<void> {
    this.#last = this.sent + jobs;
    this.#keepOutstanding = outstanding;
    for (let count = 0; count < Math.min(jobs, outstanding); count++) this.send();
    await this.allReceived();
    this.#keepOutstanding = 0;
    this.#last = Number.POSITIVE_INFINITY;
  }

  async allReceived(): Promise<void> {
    if (this.receipts === this.sent) return;
    await new Promise<void>((resolve) => {
      this.#whenAllReceived = resolve;
    });
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  readonly #receive = (text: string): void => {
    const frame = JSON.parse(text) as Frame;
    if (frame.type !== 'invocationresult') return;
    if (frame.error !== undefined) throw new Error(`a job was refused: ${text}`);
    this.receipts += 1;
    const isWanted = this.sent - this.receipts < this.#keepOutstanding;
    if (isWanted && this.sent < this.#last) this.send();
    if (this.receipts === this.sent) this.#whenAllReceived?.();
  };
}

/** Offers the function, answers every job at once, and can note how long each was on its way. */
export class Worker {
  done = 0;
  /** Milliseconds from before the enqueue to the arrival here; kept when set. */
  latenciesMs: number[] | undefined;
  readonly #socket: CorkedSocket;
  #target = Number.POSITIVE_INFINITY;
  #whenReached: (() => void) | undefined;

  private constructor(socket: CorkedSocket) {
    this.#socket = socket;
    socket.onText = this.#receive;
  }

  static async open(url: string): Promise<Worker> {
    const worker = await Worker.connect(url);
    worker.offer();
    return worker;
  }

  /** Connects and offers nothing yet. */
  static async connect(url: string): Promise<Worker> {
    return new Worker(await CorkedSocket.open(url));
  }

  offer(): void {
    this.#socket.send(`{"type":"registerfunction","id":"${FUNCTION_ID}"}`);
  }

  async reached(count: number): Promise<void> {
    if (this.done >= count) return;
    this.#target = count;
    await new Promise<void>((resolve) => {
      this.#whenReached = resolve;
    });
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  readonly #receive = (text: string): void => {
    const frame = JSON.parse(text) as Frame;
    if (frame.type !== 'invokefunction') return;
    this.latenciesMs?.push(performance.now() - (frame.data?.at ?? 0));
    this.#socket.send(
      `{"type":"invocationresult","invocation_id":"${frame.invocation_id}"` +
        `,"function_id":"${FUNCTION_ID}","result":null}`,
    );
    if (++this.done >= this.#target) this.#whenReached?.();
  };
}
