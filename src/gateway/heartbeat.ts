import type { WebSocket } from 'ws';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { GatewayLimits } from './limits.ts';

interface Peer {
  readonly webSocket: WebSocket;
  missed: number;
}

/**
 * Pings every peer at an interval and drops those that stay silent: a half-open connection would
 * hold its jobs until TCP notices. Any frame counts as a sign of life.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #limits: GatewayLimits;
  readonly #peers = new Set<Peer>();
  #cancel: CancelTimer | undefined;

  constructor(clock: Clock, limits: GatewayLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  start(): void {
    this.#cancel = this.#clock.after(this.#limits.pingIntervalMs, () => {
      for (const peer of this.#peers) this.#beat(peer);
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Takes a peer in until it is closed. */
  watch(webSocket: WebSocket): void {
    const peer: Peer = { webSocket, missed: 0 };
    const alive = (): void => {
      peer.missed = 0;
    };
    this.#peers.add(peer);
    webSocket.on('message', alive);
    webSocket.on('ping', alive);
    webSocket.on('pong', alive);
    webSocket.on('close', () => this.#peers.delete(peer));
  }

  #beat(peer: Peer): void {
    // what it says stays unread until there is room for it
    if (peer.webSocket.isPaused) return;
    if (peer.missed >= this.#limits.maxMissedPongs) {
      peer.webSocket.terminate();
      return;
    }
    peer.missed += 1;
    if (peer.webSocket.readyState === peer.webSocket.OPEN) peer.webSocket.ping();
  }
}
