import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { registerAdminFunctions } from '../../src/admin/register.ts';
import { RunningConfig } from '../../src/admin/running-config.ts';
import { parseConfig } from '../../src/config/load.ts';
import { Engine, type EngineOptions } from '../../src/engine/engine.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import type { ConnectionInfo, Link, Session } from '../../src/engine/link.ts';
import { EventLog } from '../../src/observe/event-log.ts';
import { QueueActivity } from '../../src/observe/queue-activity.ts';
import { WorkerGaugeBoard } from '../../src/observe/worker-gauges.ts';
import { decodeText } from '../../src/protocol/decode.ts';
import { defaultPolicy } from '../../src/queue/policy.ts';
import type { QueuePolicy } from '../../src/queue/types.ts';
import { MemoryArchive } from '../../src/stores/memory/memory-archive.ts';
import { MemoryStateStore } from '../../src/stores/memory/memory-state-store.ts';
import { registerTriggerTypes } from '../../src/triggers/register.ts';
import { MemoryStore } from '../../src/stores/memory/memory-store.ts';

export type Frame = Readonly<Record<string, unknown>>;

let lastTrigger = 0;

/** A worker connected without a socket: frames go in as text, and what the engine sent is kept. */
export class FakeWorker implements Link {
  readonly sent: Frame[] = [];
  buffered = 0;
  closedWith: number | undefined;
  readonly #session: Session;
  /** Answers a delivery at once when set. */
  onDelivery: ((frame: Frame) => Frame | undefined) | undefined;

  constructor(engine: Engine, info: Partial<ConnectionInfo> = {}) {
    const full = { remoteAddress: '127.0.0.1', role: null, tokenName: null, ...info };
    this.#session = engine.openSession(this, full);
  }

  send(text: string): void {
    const frame = JSON.parse(text) as Frame;
    this.sent.push(frame);
    if (frame['type'] !== 'invokefunction' || this.onDelivery === undefined) return;
    const answer = this.onDelivery(frame);
    if (answer === undefined) return;
    queueMicrotask(() => {
      this.answer(frame, answer);
    });
  }

  bufferedBytes(): number {
    return this.buffered;
  }

  close(code: number): void {
    this.closedWith = code;
  }

  /** Says something to the engine. */
  say(frame: Frame | string): void {
    const message = decodeText(typeof frame === 'string' ? frame : JSON.stringify(frame));
    if (message.kind !== 'dropped') this.#session.receive(message);
  }

  offer(...functionIds: string[]): void {
    for (const id of functionIds) this.say({ type: 'registerfunction', id });
  }

  /** Answers a delivery: `{}` for success, or with `result` or `error`. */
  answer(delivery: Frame, outcome: Frame = {}): void {
    const { invocation_id, function_id } = delivery;
    this.say({ type: 'invocationresult', invocation_id, function_id, ...outcome });
  }

  /** Binds a function to an event, and answers the id of the trigger. */
  bind(triggerType: string, functionId: string, config: unknown = {}, metadata?: unknown): string {
    const id = `${triggerType}-${(lastTrigger += 1)}`;
    const names = { trigger_type: triggerType, function_id: functionId };
    this.say({ type: 'registertrigger', id, ...names, config, metadata });
    return id;
  }

  unbind(id: string): void {
    this.say({ type: 'unregistertrigger', id });
  }

  disconnect(): void {
    this.#session.closed();
  }

  deliveries(): Frame[] {
    return this.sent.filter((frame) => frame['type'] === 'invokefunction');
  }

  /** The data of every call of one function, in order. */
  seen(functionId: string): unknown[] {
    return this.deliveries()
      .filter(({ function_id }) => function_id === functionId)
      .map(({ data }) => data);
  }

  results(): Frame[] {
    return this.sent.filter((frame) => frame['type'] === 'invocationresult');
  }
}

interface LogLine {
  readonly message: string;
  readonly fields: unknown;
}

export interface EngineFixture {
  readonly engine: Engine;
  readonly clock: ManualClock;
  /** What workers say of their processes; their telemetry would fill it. */
  readonly gauges: WorkerGaugeBoard;
  readonly activity: QueueActivity;
  readonly events: EngineEvent[];
  /** What the engine logged above debug. */
  readonly logged: LogLine[];
  /** Lets everything that is ready happen, after moving time by this much. */
  readonly advance: (ms?: number) => Promise<void>;
  readonly worker: (info?: Partial<ConnectionInfo>) => FakeWorker;
  /** Enqueues and answers the receipt. */
  readonly enqueue: (
    functionId: string,
    payload: unknown,
    options?: Readonly<Record<string, unknown>>,
  ) => Promise<string>;
  /** Calls an admin function. */
  readonly admin: (id: string, input?: unknown) => Promise<unknown>;
}

export function policy(name: string, changes: Partial<QueuePolicy> = {}): QueuePolicy {
  return { ...defaultPolicy(name), ...changes };
}

/** The configuration of an engine that nobody configured. */
function usualConfig(): RunningConfig {
  const nothing = { file: null, env: {}, read: () => undefined, sha256: () => '' };
  const loaded = parseConfig('port: 0', { ...nothing, overrides: { store: 'memory' } });
  if (loaded.config === null) throw new Error('the usual configuration is not valid');
  return new RunningConfig(loaded.config, loaded.origins, 'a key that only tests know');
}

/** A running engine over a memory store, with time that stands still. */
export async function startEngine(
  policies: readonly QueuePolicy[] = [policy('default')],
  more: Partial<Pick<EngineOptions, 'httpCaller' | 'tracing' | 'state'>> = {},
): Promise<EngineFixture> {
  const clock = new ManualClock();
  const store = new MemoryStore({ clock });
  const logged: LogLine[] = [];
  const keep = (message: string, fields?: unknown): void => {
    logged.push({ message, fields });
  };
  const log = { ...silentLogger, info: keep, warn: keep, error: keep };
  const engine = new Engine({
    store,
    state: new MemoryStateStore(),
    policies,
    clock,
    random: systemRandom,
    log,
    archive: new MemoryArchive(),
    undoWindowMs: 900_000,
    maxJobBytes: 1_000_000,
    shutdownGraceMs: 30_000,
    ...more,
  });
  registerTriggerTypes(engine);
  const activity = new QueueActivity(clock);
  engine.events.subscribe(activity.observe);
  const gauges = new WorkerGaugeBoard((id) => engine.workers.get(id) !== undefined);
  engine.events.subscribe(gauges.observe);
  const eventLog = new EventLog(clock);
  engine.events.subscribe(eventLog.observe);
  registerAdminFunctions({
    engine,
    config: usualConfig(),
    activity,
    gauges,
    eventLog,
    protocol: '0',
    card: () => ({
      ...{ id: 'engine-1', address: null, version: '0.0.0', pid: 1, host: 'here' },
      startedAt: clock.now(),
    }),
  });
  const events: EngineEvent[] = [];
  engine.events.subscribe((event) => {
    events.push(event);
  });
  await engine.start();
  return {
    engine,
    clock,
    gauges,
    activity,
    events,
    logged,
    advance: (ms = 0) => clock.advance(ms),
    worker: (info) => new FakeWorker(engine, info),
    enqueue: async (functionId, payload, options = {}) => {
      const data = { text: JSON.stringify(payload), depth: 1 };
      const request = {
        functionId,
        data,
        options,
        traceparent: null,
        baggage: null,
        metadata: null,
      };
      const [receipt] = await engine.enqueue([request]);
      return receipt?.id ?? '';
    },
    admin: async (id, input = {}) => {
      const text = await engine.call(id, JSON.stringify(input));
      return text === null ? undefined : (JSON.parse(text) as unknown);
    },
  };
}
