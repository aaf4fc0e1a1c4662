import { ChurnMap } from '../base/churn-map.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { IiiError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { ChannelRef } from '../protocol/channel-ref.ts';
import type { Worker } from './workers.ts';

/*
 * A channel is a pipe with one writer and one reader (wire-protocol.md §1.6). Either side may
 * come first. What the writer wrote waits in a bounded queue; a full queue tells the writer to
 * stop. It ends when the writer has let go and everything was read, or when the reader leaves,
 * or its creator is gone.
 */

/** Items that wait in a channel, when its creator did not say. */
const DEFAULT_BUFFER_ITEMS = 64;
const MAX_BUFFER_ITEMS = 1_024;

/** Bytes that may wait in a channel, however few items they are. */
const MAX_BUFFER_BYTES = 4 * 1024 * 1024;

/** How long a writer that let go may come back: SDK 0.22 opens a second connection for its last bytes. */
const RETURN_MS = 100;
/** The time is taken in this many steps: while the process stands still, no more than one passes. */
const RETURN_STEPS = 5;

const SWEEP_INTERVAL_MS = 60_000;
const MAX_UNUSED_MS = 5 * 60_000;
const MAX_CHANNELS_PER_WORKER = 1_024;

export type { ChannelRef };

export type ChannelItem =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/** What a channel tells whoever holds one of its sides. Called in the turn of the cause. */
export interface ChannelEnd {
  /** To a writer: there is room again. To a reader: there is something to read, or the end. */
  wake(): void;
  /** The channel is gone; nothing can be written or read any more. */
  closed(): void;
}

/** A writer. The side may be held by another connection that is about to let go. */
export interface WriterEnd extends ChannelEnd {
  /** The side is taken from now on. */
  attached(): void;
}

/**
 * Calls `run` when a writer that let go has not come back in time. A process that was away for longer
 * first sees the connections that came meanwhile.
 */
export function afterReturn(clock: Clock, run: () => void): CancelTimer {
  let stepsLeft = RETURN_STEPS;
  let cancel: CancelTimer;
  const step = (): void => {
    stepsLeft -= 1;
    if (stepsLeft === 0) run();
    else cancel = clock.after(RETURN_MS / RETURN_STEPS, step);
  };
  cancel = clock.after(RETURN_MS / RETURN_STEPS, step);
  return () => {
    cancel();
  };
}

/** One pipe. Its sides are held by connections, or by the engine itself. */
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
  #hadWriter = false;
  #writer: WriterEnd | undefined;
  /** A second writer, until the first has let go. */
  #next: WriterEnd | undefined;
  #reader: ChannelEnd | undefined;
  #hadReader = false;
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

  /** Whether the writer's side was ever taken. */
  get hadWriter(): boolean {
    return this.#hadWriter;
  }

  /** Whether both sides were taken at some time. */
  get wasUsed(): boolean {
    return this.#hadWriter && this.#hadReader;
  }

  /** Whether the writer is done and nothing is left to read. */
  get isOver(): boolean {
    return this.#state !== 'open' && this.#items.length === 0;
  }

  /**
   * Takes the writer's side: now, or when the writer before lets go soon. The end is told
   * `closed` when that does not happen.
   */
  connectWriter(end: WriterEnd): void {
    if (this.#state !== 'open' || this.#next !== undefined) {
      end.closed();
    } else if (this.#writer === undefined) {
      this.#attach(end);
    } else {
      this.#next = end;
      this.#cancelReturn = afterReturn(this.#clock, () => {
        this.#next = undefined;
        end.closed();
      });
    }
  }

  /**
   * Lets go of the writer's side. With `mayReturn` another connection may take it for a short
   * while, without it the channel ends.
   */
  releaseWriter(end: WriterEnd, mayReturn: boolean): void {
    if (end === this.#next) {
      this.#next = undefined;
      this.#cancelReturn?.();
    }
    if (end !== this.#writer) return;
    this.#writer = undefined;
    const next = this.#next;
    this.#next = undefined;
    this.#cancelReturn?.();
    if (next !== undefined && mayReturn) {
      this.#attach(next);
      return;
    }
    next?.closed();
    if (mayReturn) this.#cancelReturn = afterReturn(this.#clock, () => this.#end());
    else this.#end();
  }

  /** Adds an item. Answers `false` when the writer shall stop until it is woken. */
  write(item: ChannelItem): boolean {
    if (this.#state !== 'open') return false;
    this.#items.push(item);
    this.#bytes += sizeOf(item);
    this.#reader?.wake();
    this.#wasFull = this.#isFull();
    return !this.#wasFull;
  }

  /** Takes the reader's side; `false` when it was taken before. */
  connectReader(end: ChannelEnd): boolean {
    if (this.#hadReader || this.#state === 'gone') return false;
    this.#hadReader = true;
    this.#reader = end;
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
        this.#writer?.wake();
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
    const ends = [this.#writer, this.#next, this.#reader];
    this.#next = undefined;
    this.#leave();
    for (const end of ends) end?.closed();
  }

  #attach(end: WriterEnd): void {
    this.#cancelReturn?.();
    this.#hadWriter = true;
    this.#writer = end;
    end.attached();
  }

  #end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#reader?.wake();
  }

  #leave(): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#writer = undefined;
    this.#reader = undefined;
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
  readonly #channels = new ChurnMap<string, Channel>();
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
