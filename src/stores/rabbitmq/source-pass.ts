import type { AsyncMessage } from 'rabbitmq-client';
import type { Clock } from '../../base/clock.ts';
import { defaultPolicy } from '../../queue/policy.ts';
import type { Job, QueuePolicy } from '../../queue/types.ts';
import type { LeftBehind, SourceJob } from '../job-source.ts';
import type { Broker } from './broker.ts';
import { decodeDead } from './dead-letters.ts';
import type { StoredJob } from './job-message.ts';
import { decodeJob, ENDED, EPOCHS, tellsTime } from './job-message.ts';
import { FIFO_PREFETCH, PING } from './line-session.ts';
import { QueueReader } from './queue-reader.ts';
import { MARKER } from './read-all.ts';
import { type Copy, type SourceCopies, sourceJobOf, SourcePlaces } from './source-copies.ts';
import type { Topology } from './topology.ts';

/** Jobs given at once: as many may be in both places when a run is killed. */
const SLICE = 200;
/** Messages on their way at once. Of a FIFO queue one channel has to hold all that an engine was handed. */
const PAST_WINDOW = 20_000;
const FIFO_WINDOW = FIFO_PREFETCH + 2_000;
const STANDARD_WINDOW = 1_000;
/** Until a message whose delay just ended has come to the retry queue. */
const RESTING_MS = 300;
/** Looks at a queue until what was given back to it shows. */
const LOOKS = 200;
const NOT_NAMED = 'of a queue that the configuration of the source does not name';
const NO_JOB = 'not a job';
const SAME_ID = 'another job with the id of one that is there';

export interface SourcePassParts {
  readonly broker: Broker;
  readonly topology: Topology;
  readonly clock: Clock;
  readonly policies: ReadonlyMap<string, QueuePolicy>;
  /** What the readings before this one have moved. */
  readonly copies: SourceCopies;
}

/**
 * One reading of everything at a broker, while no engine uses it. Jobs with a past are held until they
 * are moved: delayed, tried and dead ones, and of each queue what was handed to an engine before. So it
 * is known which copies of a job are old, and those go first. All others, which have one copy, are moved
 * as they come.
 */
export class SourcePass {
  readonly #parts: SourcePassParts;
  readonly #readers: QueueReader[] = [];
  readonly #copies: SourceCopies;
  /** Copies of the last slice, by the id of the job. */
  readonly #given = new Map<string, Copy>();
  /** What says that jobs have ended; it goes when their copies are gone. */
  readonly #notes: Pick<Copy, 'message' | 'reader'>[] = [];
  /** The highest epoch that may have been given out in a FIFO queue, by its retry queue. */
  readonly #epochs = new Map<string, number>();
  readonly #left = new Map<string, LeftBehind>();

  constructor(parts: SourcePassParts) {
    this.#parts = parts;
    this.#copies = parts.copies;
  }

  get left(): readonly LeftBehind[] {
    return [...this.#left.values()];
  }

  async *slices(): AsyncGenerator<readonly SourceJob[]> {
    const { topology, clock, policies } = this.#parts;
    const asDelayed: Decode = (message, now) => decodeJob(message, defaultPolicy(''), now);
    for (const queue of topology.names.delays()) await this.#readPast(queue, asDelayed);
    await new Promise<void>((resolve) => {
      clock.after(RESTING_MS, resolve);
    });
    for (const policy of policies.values()) {
      await this.#readPast(topology.names.of(policy).retry, jobOf(policy));
    }
    const policyOf = (name: string): QueuePolicy | undefined => policies.get(name);
    const asDead: Decode = (message, now) => decodeDead(message, policyOf, now);
    for (const queue of this.#deadQueues()) await this.#readPast(queue, asDead);
    const mains = new Map<string, HandedBefore>();
    for (const policy of policies.values()) mains.set(policy.name, await this.#readMain(policy));
    await this.#drop(this.#copies.takeVoid());

    const isOfMain = new Set([...mains.values()].map(({ reader }) => reader));
    const past = this.#copies.all().filter(({ reader }) => !isOfMain.has(reader));
    for (const policy of policies.values()) {
      const own = past.filter(({ stored }) => stored.queue === policy.name);
      const main = mains.get(policy.name);
      yield* this.#give(this.#inOrder(policy, own, main));
    }
    const dead = past.filter(({ stored }) => stored.failure !== null);
    dead.sort((a, b) => a.stored.deathOrder - b.stored.deathOrder);
    yield* this.#give(this.#inPlace(dead));
    await this.#drop(this.#notes);
  }

  /** Takes jobs of the last slice out. */
  async remove(jobs: readonly Job[]): Promise<void> {
    await this.#drop(jobs.flatMap(({ id }) => this.#given.get(id) ?? []));
  }

  /** Gives everything back that was not removed. Answers whether more is there, which came meanwhile. */
  async close(): Promise<boolean> {
    const { topology, policies } = this.#parts;
    const readers = new Map(this.#readers.map((reader) => [reader.queue, reader]));
    await Promise.all(this.#readers.map((reader) => reader.close()));
    this.#copies.markMoved();
    const own = [...policies.values()].flatMap((policy) => {
      const { main, retry } = topology.names.of(policy);
      return [main, retry];
    });
    let hasMore = false;
    for (const queue of [...own, ...this.#deadQueues(), ...topology.names.delays()]) {
      const { held = 0, unacknowledged = 0 } = readers.get(queue) ?? {};
      let count = await topology.readyIn(queue);
      for (let look = 0; look < LOOKS && count < unacknowledged; look++) {
        count = await topology.readyIn(queue);
      }
      hasMore ||= count > held;
    }
    return hasMore;
  }

  #deadQueues(): readonly string[] {
    const { topology, policies } = this.#parts;
    return [...new Set([...policies.values()].map((policy) => topology.names.of(policy).dead))];
  }

  async #open(queue: string, window: number): Promise<QueueReader | undefined> {
    const { broker, topology, clock } = this.#parts;
    const count = await topology.readyIn(queue);
    const reader = await QueueReader.open({ broker, clock, queue, window }, count);
    if (reader !== undefined) this.#readers.push(reader);
    return reader;
  }

  /** Reads a queue as a whole. */
  async #readPast(queue: string, decode: Decode): Promise<void> {
    const reader = await this.#open(queue, PAST_WINDOW);
    for (let message = await reader?.next(); message !== undefined;) {
      if (reader === undefined) return;
      const copy = await this.#copyOf(message, reader, decode);
      if (copy !== undefined) this.#copies.add(copy);
      message = await reader.next();
    }
  }

  /**
   * Reads of a queue what was handed out before: only that may be an old copy, and it stands first. Of a
   * FIFO queue engines are handed so much and no more. A run that was killed was handed more; to hold all
   * that in several channels would cost the order in which it goes back.
   */
  async #readMain(policy: QueuePolicy): Promise<HandedBefore> {
    const isFifo = policy.type === 'fifo';
    const { main } = this.#parts.topology.names.of(policy);
    const reader = await this.#open(main, isFifo ? FIFO_WINDOW : STANDARD_WINDOW);
    const before: Copy[] = [];
    const most = isFifo ? FIFO_PREFETCH : Infinity;
    for (;;) {
      const message = await reader?.next();
      if (reader === undefined || message === undefined) return { reader, before, next: undefined };
      if (!message.redelivered || before.length >= most) return { reader, before, next: message };
      const copy = await this.#copyOf(message, reader, jobOf(policy));
      if (copy === undefined) continue;
      this.#copies.add(copy);
      before.push(copy);
    }
  }

  /** Waiting and delayed jobs of one queue, in order. */
  async *#inOrder(
    policy: QueuePolicy,
    past: readonly Copy[],
    main: HandedBefore | undefined,
  ): AsyncGenerator<Placed> {
    const waiting = past.filter(({ stored }) => stored.failure === null);
    waiting.sort((a, b) => a.stored.seq - b.stored.seq);
    const places = new SourcePlaces(policy, waiting);
    let at = 0;
    for await (const copy of this.#mainOf(policy, main)) {
      const seq = places.next(copy.stored);
      // in a FIFO queue a job with a past stands before every one without
      for (let next = waiting[at]; next !== undefined; next = waiting[++at]) {
        if (policy.type !== 'fifo' && next.stored.seq > seq) break;
        yield { copy: next, seq: next.stored.seq };
      }
      yield { copy, seq };
    }
    yield* this.#inPlace(waiting.slice(at));
  }

  async *#mainOf(policy: QueuePolicy, main: HandedBefore | undefined): AsyncGenerator<Copy> {
    if (main?.reader === undefined) return;
    const { reader } = main;
    for (const copy of main.before) if (this.#copies.holds(copy)) yield copy;
    for (let message = main.next; message !== undefined; message = await reader.next()) {
      const copy = await this.#copyOf(message, reader, jobOf(policy));
      if (copy === undefined) continue;
      const kind = this.#copies.judgeNew(copy);
      if (kind === 'new') yield copy;
      if (kind === 'again') await this.#drop([copy]);
      if (kind === 'other') this.#leave(reader, SAME_ID);
    }
  }

  *#inPlace(copies: readonly Copy[]): Generator<Placed> {
    for (const copy of copies) yield { copy, seq: copy.stored.seq };
  }

  async *#give(
    placed: AsyncIterable<Placed> | Iterable<Placed>,
  ): AsyncGenerator<readonly SourceJob[]> {
    const { topology, clock, policies } = this.#parts;
    let slice: SourceJob[] = [];
    this.#given.clear();
    for await (const { copy, seq } of placed) {
      const policy = policies.get(copy.stored.queue);
      const retry = policy === undefined ? '' : topology.names.of(policy).retry;
      const epoch = this.#epochs.get(retry) ?? 0;
      slice.push(sourceJobOf(copy, seq, epoch, clock.now()));
      this.#given.set(copy.stored.id, copy);
      if (slice.length < SLICE) continue;
      yield slice;
      slice = [];
      this.#given.clear();
    }
    if (slice.length > 0) yield slice;
  }

  /** Reads a message; `undefined` when it is no job to be moved, and was taken care of. */
  async #copyOf(
    message: AsyncMessage,
    reader: QueueReader,
    decode: Decode,
  ): Promise<Copy | undefined> {
    const { clock, policies } = this.#parts;
    const { type, messageId: id = '' } = message;
    const headers = (message.headers ?? {}) as Readonly<Record<string, unknown>>;
    if (type === MARKER || type === PING) {
      await reader.acknowledge([message]);
      return undefined;
    }
    if (type === ENDED) {
      this.#copies.markEnded(id, Number(headers['x-iii-version'] ?? 0));
      this.#notes.push({ message, reader });
      return undefined;
    }
    if (type === EPOCHS) {
      // it stays: engines that come back go on above it
      const end = Number(headers['x-iii-epoch'] ?? 0);
      this.#epochs.set(reader.queue, Math.max(end, this.#epochs.get(reader.queue) ?? 0));
      return undefined;
    }
    let stored: StoredJob | undefined;
    try {
      stored = decode(message, clock.now());
    } catch {
      stored = undefined;
    }
    if (stored === undefined || stored.id === '') this.#leave(reader, NO_JOB);
    else if (!policies.has(stored.queue)) this.#leave(reader, NOT_NAMED);
    else if (this.#copies.isShared(stored.id)) this.#leave(reader, SAME_ID);
    else return { stored, message, reader, isTimeAssumed: !tellsTime(message) };
    return undefined;
  }

  #leave({ queue: place }: QueueReader, why: string): void {
    const key = `${place} ${why}`;
    const messages = (this.#left.get(key)?.messages ?? 0) + 1;
    this.#left.set(key, { place, messages, why });
  }

  async #drop(copies: readonly Pick<Copy, 'message' | 'reader'>[]): Promise<void> {
    const byReader = new Map<QueueReader, AsyncMessage[]>();
    for (const { message, reader } of copies) {
      const messages = byReader.get(reader) ?? [];
      messages.push(message);
      byReader.set(reader, messages);
    }
    for (const [reader, messages] of byReader) await reader.acknowledge(messages);
  }
}

/** Reads a message as a job. Throws, or answers `undefined`, when it is none. */
type Decode = (message: AsyncMessage, now: number) => StoredJob | undefined;

function jobOf(policy: QueuePolicy): Decode {
  return (message, now) => decodeJob(message, policy, now);
}

/** The beginning of a queue: what was handed out before, and the first message after that. */
interface HandedBefore {
  readonly reader: QueueReader | undefined;
  readonly before: readonly Copy[];
  readonly next: AsyncMessage | undefined;
}

interface Placed {
  readonly copy: Copy;
  readonly seq: number;
}
