import type { AsyncMessage, Channel } from 'rabbitmq-client';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type {
  EngineCard,
  EnginePeers,
  QueueStats,
  SeenEngine,
  StoreSignal,
} from '../../queue/store.ts';
import { queueStats } from '../../queue/queue-stats.ts';
import type { Broker } from './broker.ts';
import type { HeldJobs } from './held-jobs.ts';
import type { JobLine } from './job-line.ts';
import { bytesOf, type Topology } from './topology.ts';

/** An engine that has been silent for this long is taken for gone. */
const ALIVE_MS = 3_500;
/** An engine that has been silent for this long is no longer listed. */
const FORGOTTEN_MS = 60_000;

type Held = Pick<QueueStats, 'waiting' | 'delayed' | 'inFlight' | 'groups'>;
/** A queue and a function. */
type Pair = readonly [string, string];

/** What an engine says once a second. */
interface Word {
  readonly from: string;
  readonly card: EngineCard | null;
  readonly isLeaving: boolean;
  /** FIFO queues it runs. */
  readonly leads: readonly string[];
  /** What it has jobs for and no worker. */
  readonly wants: readonly Pair[];
  /** What others want and it has workers for. */
  readonly offers: readonly Pair[];
  /** Jobs it holds, by queue. */
  readonly held: Readonly<Record<string, Held>>;
  /** Set when it paused or resumed a queue just now. */
  readonly paused?: { readonly queue: string; readonly paused: boolean };
}

interface Peer {
  readonly word: Word;
  readonly seenAt: number;
}

export interface EnginesParts {
  readonly broker: Broker;
  readonly topology: Topology;
  readonly clock: Clock;
  readonly random: Random;
  readonly lines: ReadonlyMap<string, JobLine>;
  readonly held: HeldJobs;
  readonly signal: (kind: StoreSignal['kind'], queue: string) => void;
}

/**
 * The engines on one broker. Each says once a second, to all, that it lives, which FIFO queues it runs,
 * how much it holds, and which functions it misses; whoever has those answers. None of it is kept:
 * what matters for jobs never depends on it.
 */
export class Engines implements EnginePeers {
  readonly #parts: EnginesParts;
  readonly #ownId: string;
  readonly #peers = new Map<string, Peer>();
  #card: EngineCard | null = null;
  #channel: Channel | undefined;
  #isJoining = false;

  constructor(parts: EnginesParts) {
    this.#parts = parts;
    this.#ownId = parts.random.uuid();
  }

  async announce(card: EngineCard): Promise<void> {
    this.#card = card;
    this.tell();
    return Promise.resolve();
  }

  async list(): Promise<readonly SeenEngine[]> {
    const now = this.#parts.clock.now();
    const seen: SeenEngine[] = [];
    if (this.#card !== null) seen.push({ ...this.#card, lastSeenAt: now, alive: true });
    for (const { word, seenAt } of this.#peers.values()) {
      if (word.card === null || seenAt <= now - FORGOTTEN_MS) continue;
      seen.push({ ...word.card, lastSeenAt: seenAt, alive: seenAt > now - ALIVE_MS });
    }
    return Promise.resolve(seen.sort((a, b) => (a.id < b.id ? -1 : 1)));
  }

  /** Begins to listen, unless it does. @throws whatever the broker says against it */
  async join(): Promise<void> {
    if (this.#channel?.active === true || this.#isJoining) return;
    const { broker, topology } = this.#parts;
    this.#isJoining = true;
    let channel: Channel | undefined;
    try {
      await topology.declareEngines();
      channel = await broker.channel();
      const { queue } = await channel.queueDeclare({ exclusive: true, autoDelete: true });
      await channel.queueBind({ queue, exchange: topology.names.engines });
      await channel.basicConsume({ queue, noAck: true }, (message) => {
        this.#hear(message);
      });
      this.#channel = channel;
    } catch (thrown) {
      await channel?.close().catch(() => undefined);
      throw thrown;
    } finally {
      this.#isJoining = false;
    }
  }

  /** Begins to listen if it can. While the broker is away it cannot, and is asked again a second later. */
  rejoin(): void {
    if (this.#parts.broker.isUp) this.join().catch(() => undefined);
  }

  async leave(): Promise<void> {
    this.#say({ isLeaving: true });
    if (this.#channel?.active === true) await this.#channel.close().catch(() => undefined);
  }

  tell(): void {
    this.#say({});
  }

  tellPaused(queue: string, paused: boolean): void {
    this.#say({ paused: { queue, paused } });
  }

  /** Functions with jobs in this queue that another engine has workers for. */
  offeredElsewhere(queue: string): ReadonlySet<string> {
    const offered = new Set<string>();
    for (const { offers } of this.#aliveWords()) {
      for (const [of, functionId] of offers) if (of === queue) offered.add(functionId);
    }
    return offered;
  }

  /** Whether some engine said lately that it runs this FIFO queue. */
  hasLeader(queue: string): boolean {
    return this.#aliveWords().some(({ leads }) => leads.includes(queue));
  }

  /** What the other engines hold of a queue. */
  heldElsewhere(queue: string): Held {
    const sum = { waiting: 0, delayed: 0, inFlight: 0, groups: 0 };
    for (const { held } of this.#aliveWords()) {
      const part = held[queue];
      if (part === undefined) continue;
      sum.waiting += part.waiting;
      sum.delayed += part.delayed;
      sum.inFlight += part.inFlight;
      sum.groups += part.groups;
    }
    return sum;
  }

  #aliveWords(): Word[] {
    const since = this.#parts.clock.now() - ALIVE_MS;
    return [...this.#peers.values()]
      .filter(({ word, seenAt }) => seenAt > since && !word.isLeaving)
      .map(({ word }) => word);
  }

  #say(more: Partial<Word>): void {
    const { broker, topology, lines } = this.#parts;
    const word: Word = {
      from: this.#ownId,
      card: this.#card,
      isLeaving: false,
      leads: [...lines].filter(([, line]) => line.isLeading).map(([queue]) => queue),
      wants: [...lines].flatMap(([queue, line]) => line.wanted().map((id): Pair => [queue, id])),
      offers: this.#answers(),
      held: this.#held(),
      ...more,
    };
    broker.tell({ exchange: topology.names.engines, contentEncoding: 'utf-8' }, encode(word));
  }

  /** What others want of what this engine has. */
  #answers(): Pair[] {
    const wanted = this.#aliveWords().flatMap(({ wants }) => wants);
    return wanted.filter(([queue, id]) => this.#parts.lines.get(queue)?.offers(id) === true);
  }

  #held(): Record<string, Held> {
    const held: Record<string, Held> = {};
    for (const [queue, stats] of queueStats(this.#parts.held.lanes.table)) {
      const { waiting, delayed, inFlight, groups } = stats;
      if (waiting + delayed + inFlight > 0) held[queue] = { waiting, delayed, inFlight, groups };
    }
    return held;
  }

  #hear(message: AsyncMessage): void {
    const raw: unknown = message.body;
    let word: Word;
    try {
      word = JSON.parse(bytesOf(raw).toString()) as Word;
    } catch {
      return;
    }
    if (word.from === this.#ownId) return;
    if (word.isLeaving) this.#peers.delete(word.from);
    else this.#peers.set(word.from, { word, seenAt: this.#parts.clock.now() });
    if (word.paused === undefined) return;
    const { queue, paused } = word.paused;
    if (!this.#parts.lines.has(queue)) return;
    this.#parts.held.lanes.table.line(queue).paused = paused;
    this.#parts.signal(paused ? 'paused' : 'resumed', queue);
  }
}

function encode(word: Word): Buffer {
  return Buffer.from(JSON.stringify(word));
}
