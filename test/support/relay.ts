import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** A TCP relay in front of an engine whose connections a test can cut. */
export class Relay {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #halfOpen: Socket[] = [];

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      const pair = { near, far };
      this.#pairs.add(pair);
      near.pipe(far);
      far.pipe(near);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        socket.on('error', () => socket.destroy());
        socket.on('close', () => {
          if (this.#pairs.delete(pair)) other.destroy();
        });
      }
    });
  }

  static async to(port: number): Promise<Relay> {
    const relay = new Relay(port);
    await new Promise<void>((resolve) => {
      relay.#server.listen(0, '127.0.0.1', resolve);
    });
    return relay;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Stops all traffic without closing anything: both sides hear nothing, and what they send waits. */
  hold(): void {
    for (const { near, far } of this.#pairs) {
      near.pause();
      far.pause();
    }
  }

  /** Lets through what is sent, and none of the answers to it. */
  holdAnswers(): void {
    for (const { far } of this.#pairs) far.pause();
  }

  /** Lets the traffic go on that was held. */
  release(): void {
    for (const { near, far } of this.#pairs) {
      near.resume();
      far.resume();
    }
  }

  /** Cuts every connection on both sides. */
  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /** Cuts the workers' side only: for the engine the connections look alive and silent. */
  cutWorkerSide(): void {
    for (const pair of [...this.#pairs]) {
      this.#pairs.delete(pair);
      this.#halfOpen.push(pair.far);
      pair.near.unpipe(pair.far);
      pair.near.resetAndDestroy();
    }
  }

  close(): void {
    this.cut();
    for (const socket of this.#halfOpen) socket.destroy();
    this.#server.close();
  }
}
