import type { CancelTimer, Clock } from '../base/clock.ts';
import { IiiError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Worker } from './workers.ts';

/*
 * A channel is a pipe with one producer and one consumer (wire-protocol.md §1.6). Either side may
 * come first. What the producer wrote waits in a bounded queue; a full queue tells the producer to
 * stop. It ends when the producer has let go and everything was read, or when the consumer leaves,
 * or its creator is gone.
 */

/** Items that wait in a channel, when its creator did not say. */
const DEFAULT_BUFFER_ITEMS = 64;
const MAX_BUFFER_ITEMS = 1_024;

/** Bytes that may wait in a channel, however few items they are. */
const MAX_BUFFER_BYTES = 4 * 1024 * 1024;

/** How long a producer that let go may come back: SDK 0.22 opens a second connection for its last bytes. */
export const RETURN_MS = 100;

const SWEEP_INTERVAL_MS = 60_000;
const MAX_UNUSED_MS = 5 * 60_000;
const MAX_CHANNELS_PER_WORKER = 1_024;

/** One side of a channel as it travels to a worker; `direction` is from the worker's point of view. */
export interface ChannelRef {
  readonly channel_id: string;
  readonly access_key: string;
  readonly direction: 'read' | 'write';
}

export type ChannelItem =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/** What a channel tells whoever holds one of its sides. Called in the turn of the cause. */
export interface ChannelEnd {
  /** To a producer: there is room again. To a consumer: there is something to read, or the end. */
  wake(): void;
  /** The channel is gone; nothing can be written or read any more. */
  closed(): void;
}

/** A producer. The side may be held by another connection that is about to let go. */
export interface ProducerEnd extends ChannelEnd {
  /** The side is taken from now on. */
  attached(): void;
}

export class Channel {
  readonly id: string;
  readonly key: string;
  readonly createdAt: number;
  /** The connection it goes with; `null` when the engine made it for itself. */
  readonly owner: Worker | null;
  readonly #capacity: number;
  readonly #clock: Clock;
  readonly #onGone: (channel: Channel) => void;
  readonly #items: ChannelItem[] = [];
  #bytes = 0;
  #state: 'open' | 'ended' | 'gone' = 'open';
  #hadProducer = false;
  #producer: ProducerEnd | undefined;
  /** A second producer, until the first has let go. */
  #next: ProducerEnd | undefined;
  #consumer: ChannelEnd | undefined;
  #hadConsumer = false;
  #wasFull = false;
  #cancelReturn: CancelTimer | undefined;

  constructor(
    id: string,
    key: string,
    owner: Worker | null,
    capacity: number,
    clock: Clock,
    onGone: (channel: Channel) => void,
  ) {
    this.id = id;
    this.key = key;
    this.owner = owner;
    this.createdAt = clock.now();
    this.#capacity = capacity;
    this.#clock = clock;
    this.#onGone = onGone;
  }

  /** Whether the producer's side was ever taken. */
  get hadProducer(): boolean {
    return this.#hadProducer;
  }

  /** Whether both sides were taken at some time. */
  get wasUsed(): boolean {
    return this.#hadProducer && this.#hadConsumer;
  }

  /** Whether the producer is done and nothing is left to read. */
  get isOver(): boolean {
    return this.#state !== 'open' && this.#items.length === 0;
  }

  /**
   * Takes the producer's side: now, or when the producer before lets go soon. The end is told
   * `closed` when that does not happen.
   */
  connectProducer(end: ProducerEnd): void {
    if (this.#state !== 'open' || this.#next !== undefined) {
      end.closed();
    } else if (this.#producer === undefined) {
      this.#attach(end);
    } else {
      this.#next = end;
      this.#cancelReturn = this.#clock.after(RETURN_MS, () => {
        this.#next = undefined;
        end.closed();
      });
    }
  }

  /**
   * Lets go of the producer's side. With `mayReturn` another connection may take it for a short
   * while, without it the channel ends.
   */
  releaseProducer(end: ProducerEnd, mayReturn: boolean): void {
    if (end === this.#next) {
      this.#next = undefined;
      this.#cancelReturn?.();
    }
    if (end !== this.#producer) return;
    this.#producer = undefined;
    const next = this.#next;
    this.#next = undefined;
    this.#cancelReturn?.();
    if (next !== undefined && mayReturn) {
      this.#attach(next);
      return;
    }
    next?.closed();
    if (mayReturn) this.#cancelReturn = this.#clock.after(RETURN_MS, () => this.#end());
    else this.#end();
  }

  /** Adds an item. Answers `false` when the producer shall stop until it is woken. */
  write(item: ChannelItem): boolean {
    if (this.#state !== 'open') return false;
    this.#items.push(item);
    this.#bytes += sizeOf(item);
    this.#consumer?.wake();
    this.#wasFull = this.#isFull();
    return !this.#wasFull;
  }

  /** Takes the consumer's side; `false` when it was taken before. */
  connectConsumer(end: ChannelEnd): boolean {
    if (this.#hadConsumer || this.#state === 'gone') return false;
    this.#hadConsumer = true;
    this.#consumer = end;
    if (this.#items.length > 0 || this.#state === 'ended') end.wake();
    return true;
  }

  /** The next item, `undefined` when there is none now; `isOver` says whether more can come. */
  read(): ChannelItem | undefined {
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#bytes -= sizeOf(item);
      if (this.#wasFull && !this.#isFull()) {
        this.#wasFull = false;
        this.#producer?.wake();
      }
    }
    if (this.isOver) this.#leave();
    return item;
  }

  /** Ends the channel at once; what was not read is lost. */
  drop(): void {
    if (this.#state === 'gone') return;
    this.#cancelReturn?.();
    this.#items.length = 0;
    this.#bytes = 0;
    const ends = [this.#producer, this.#next, this.#consumer];
    this.#next = undefined;
    this.#leave();
    for (const end of ends) end?.closed();
  }

  #attach(end: ProducerEnd): void {
    this.#cancelReturn?.();
    this.#hadProducer = true;
    this.#producer = end;
    end.attached();
  }

  #end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#consumer?.wake();
  }

  #leave(): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#producer = undefined;
    this.#consumer = undefined;
    this.#onGone(this);
  }

  #isFull(): boolean {
    return this.#items.length >= this.#capacity || this.#bytes >= MAX_BUFFER_BYTES;
  }
}

/** The open channels, by id. */
export class Channels {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #channels = new Map<string, Channel>();
  readonly #owned = new Map<Worker, Set<Channel>>();
  #cancelSweep: CancelTimer | undefined;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  get size(): number {
    return this.#channels.size;
  }

  /**
   * A new channel. One without an owner stays until it is over or dropped by its creator; others
   * also go with their owner, and when a side stays unused for long.
   * @throws IiiError `CONFLICT` when the owner has too many
   */
  create(owner: Worker | null, bufferItems = DEFAULT_BUFFER_ITEMS): Channel {
    const items = Math.min(MAX_BUFFER_ITEMS, Math.max(1, Math.floor(bufferItems)));
    const channel = new Channel(
      this.#random.uuid(),
      this.#random.uuid(),
      owner,
      items,
      this.#clock,
      this.#forget,
    );
    if (owner !== null) this.#own(owner, channel);
    this.#channels.set(channel.id, channel);
    return channel;
  }

  /** The channel of an id, when the key is its key. */
  find(id: string, key: string): Channel | undefined {
    const channel = this.#channels.get(id);
    return channel !== undefined && isSame(channel.key, key) ? channel : undefined;
  }

  removeOwnedBy(owner: Worker): void {
    for (const channel of [...(this.#owned.get(owner) ?? [])]) channel.drop();
  }

  #own(owner: Worker, channel: Channel): void {
    const owned = this.#owned.get(owner) ?? new Set();
    if (owned.size >= MAX_CHANNELS_PER_WORKER) {
      throw new IiiError(
        'CONFLICT',
        `this worker has ${MAX_CHANNELS_PER_WORKER} open channels, which is the limit`,
        { hint: 'close the channels that are no longer needed' },
      );
    }
    this.#owned.set(owner, owned.add(channel));
    this.#sweepLater();
  }

  readonly #forget = (channel: Channel): void => {
    this.#channels.delete(channel.id);
    if (channel.owner === null) return;
    const owned = this.#owned.get(channel.owner);
    owned?.delete(channel);
    if (owned?.size === 0) this.#owned.delete(channel.owner);
    if (this.#owned.size > 0) return;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  };

  #sweepLater(): void {
    this.#cancelSweep ??= this.#clock.after(SWEEP_INTERVAL_MS, () => {
      this.#cancelSweep = undefined;
      const oldest = this.#clock.now() - MAX_UNUSED_MS;
      for (const owned of [...this.#owned.values()]) {
        for (const channel of [...owned]) {
          if (!channel.wasUsed && channel.createdAt <= oldest) channel.drop();
        }
      }
      if (this.#owned.size > 0) this.#sweepLater();
    });
  }
}

/** One side of a channel, for a worker. */
export function refTo(channel: Channel, direction: ChannelRef['direction']): ChannelRef {
  return { channel_id: channel.id, access_key: channel.key, direction };
}

function sizeOf(item: ChannelItem): number {
  return item.kind === 'text' ? item.text.length : item.bytes.length;
}

/** Takes the same time wherever two texts of one length differ. */
function isSame(expected: string, given: string): boolean {
  if (expected.length !== given.length) return false;
  let difference = 0;
  for (let at = 0; at < expected.length; at++) {
    difference |= expected.charCodeAt(at) ^ given.charCodeAt(at);
  }
  return difference === 0;
}
