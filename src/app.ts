import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from './base/clock.ts';
import { SystemClock } from './base/clock.ts';
import type { IiiError } from './base/errors.ts';
import { silentLogger, type Logger } from './base/logger.ts';
import { systemRandom, type Random } from './base/random.ts';
import { registerAdminFunctions } from './admin/register.ts';
import { readForAlerts } from './admin/alert-readings.ts';
import { paceOf } from './admin/queue-pace.ts';
import { RunningConfig } from './admin/running-config.ts';
import type { Config } from './config/config.ts';
import type { Origins } from './config/origin.ts';
import { Engine } from './engine/engine.ts';
import { Gateway } from './gateway/gateway.ts';
import { httpCaller } from './gateway/http-caller.ts';
import { HttpListener } from './gateway/http-listener.ts';
import { postNotice } from './gateway/post-notice.ts';
import { Alerts, type AlertsParts } from './observe/alerts/alerts.ts';
import { EngineMetrics } from './observe/engine-metrics.ts';
import { EventLog } from './observe/event-log.ts';
import { PROMETHEUS_TYPE, prometheusText } from './observe/prometheus-text.ts';
import { QueueActivity } from './observe/queue-activity.ts';
import { defaultPolicy } from './queue/policy.ts';
import type { EngineFacts } from './queue/store.ts';
import type { Observability } from './observe/observability.ts';
import { telemetryIntake } from './observe/telemetry-intake.ts';
import { WorkerGaugeBoard } from './observe/worker-gauges.ts';
import { PROTOCOL_VERSION } from './protocol/version.ts';
import type { StateStore } from './state/store.ts';
import { createArchive, createStateStore, createStore, stateBeside } from './stores/registry.ts';
import { HttpTriggers } from './triggers/http/http-triggers.ts';
import { registerTriggerTypes } from './triggers/register.ts';
import { VERSION } from './version.ts';

/** Time that the last telemetry gets to be sent when the engine stops, at most. */
const TELEMETRY_GRACE_MS = 3_000;
/** What receivers of alerts know, in the engine's own state. */
const ALERTS_SCOPE = 'iii::alerts';
/** Time that open HTTP requests get to be answered when the engine stops, at most. */
const HTTP_GRACE_MS = 5_000;

export interface AppOptions {
  readonly config: Config;
  /** Where its values come from, to be told; without it all count as defaults. */
  readonly origins?: Origins;
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Without it no port is opened: functions are in-process only. */
  readonly listen?: boolean;
  /** Put damaged records aside and go on, instead of refusing to start. */
  readonly repair?: boolean;
  /** Called once when the stored data can no longer be trusted: the process has to end and start again. */
  readonly onFatal?: (error: IiiError) => void;
}

/** A running engine with its listeners. */
export interface App {
  readonly engine: Engine;
  /** Address of the worker protocol; `null` when it does not listen. */
  readonly url: string | null;
  /** Address of HTTP triggers; `null` when it does not listen. */
  readonly httpUrl: string | null;
  /** Graceful: attempts in flight get their grace time, then the listeners and the store are closed. */
  stop(): Promise<void>;
}

/**
 * Puts the parts together, starts them in order, and stops them in reverse.
 * @throws IiiError when the store cannot be opened or the port cannot be taken; nothing runs then
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { config, log = silentLogger, clock = new SystemClock(), random = systemRandom } = options;
  const { repair = false, onFatal } = options;
  const storeParts = { clock, random, log, repair, ...(onFatal === undefined ? {} : { onFatal }) };
  const metrics = new EngineMetrics({
    clock,
    version: VERSION,
    readQueues: () => readQueues(engine, activity),
    countWorkers: () => engine.workers.list().length,
    readAlerts: () => (config.alerts.length === 0 ? null : alerts),
  });
  const store = await createStore(config.store, { ...storeParts, onFlush: metrics.flushed });
  const state = await createStateStore(stateBeside(config.store), storeParts);
  const { store: userStore, maxValueBytes, triggersEnabled } = config.state;
  const userState = userStore === null ? state : await createStateStore(userStore, storeParts);
  const observability = await loadObservability(config, { clock, random, log });
  const id = random.uuid();
  const engine = new Engine({
    id,
    tracing: observability?.tracing ?? undefined,
    store,
    state,
    userState: { store: userState, maxValueBytes },
    httpCaller: httpCaller({ policy: config.urlPolicy, clock, env: process.env }),
    policies: config.queues,
    clock,
    random,
    log,
    archive: await createArchive(config.store, state),
    undoWindowMs: config.undoWindowMs,
    maxJobBytes: config.maxJobBytes,
    shutdownGraceMs: config.shutdownGraceMs,
    ...(config.cronStore === null
      ? {}
      : { ticks: await createStateStore(config.cronStore, storeParts) }),
  });
  registerTriggerTypes(engine, { stateTriggers: triggersEnabled });
  let address: string | null = null;
  const card = {
    id,
    version: VERSION,
    pid: process.pid,
    host: hostname(),
    startedAt: clock.now(),
  };
  const activity = new QueueActivity(clock);
  engine.events.subscribe(activity.observe);
  const gauges = new WorkerGaugeBoard((id) => engine.workers.get(id) !== undefined);
  engine.events.subscribe(gauges.observe);
  engine.events.subscribe(metrics.observe);
  if (observability !== null) {
    engine.events.subscribe(observability.observe);
    observability.watch(() => metrics.collect());
  }
  const alerts = createAlerts(config, { engine, state, activity, card, clock, random, log });
  engine.events.subscribe(alerts.observe);
  const eventLog = new EventLog(clock);
  engine.events.subscribe(eventLog.observe);
  registerAdminFunctions({
    engine,
    config: new RunningConfig(config, options.origins ?? new Map(), random.uuid()),
    activity,
    gauges,
    alerts,
    eventLog,
    protocol: PROTOCOL_VERSION,
    card: () => ({ ...card, address }),
  });

  const triggers = httpTriggers(engine, config, random);
  engine.bindings.addBuiltIn(triggers);
  const gateway = new Gateway({
    listen: config.listen,
    tokens: config.tokens,
    openSession: engine.openSession,
    channels: engine.channels,
    onTelemetry: telemetryIntake({
      forward: observability?.exporter.add,
      isForwarded: observability?.isForwarded,
      onMetrics: (request) => {
        gauges.record(request, clock.now());
      },
      onDrop: (signal, reason) => observability?.exporter.dropped(signal, reason),
    }),
    metrics: {
      contentType: PROMETHEUS_TYPE,
      text: async () => prometheusText(await metrics.collect()),
    },
    log,
    clock,
  });
  const http = new HttpListener({
    host: config.http.host,
    port: config.http.port,
    handle: triggers.handle,
    wantsBody: triggers.wantsBody,
    graceMs: Math.min(config.shutdownGraceMs, HTTP_GRACE_MS),
    log,
    clock,
  });
  const isListening = options.listen !== false;
  const stop = async (): Promise<void> => {
    // requests in flight still need the engine and its workers
    await http.stop();
    await observability?.endWatch();
    alerts.stop();
    await engine.stop();
    metrics.stop();
    await gateway.stop();
    await observability?.stop(Math.min(config.shutdownGraceMs, TELEMETRY_GRACE_MS));
  };
  await engine.start();
  alerts.start();
  try {
    if (isListening) {
      await gateway.start();
      await http.start();
      address = urlOf('ws', reachable(gateway.address(), card.host));
    }
    await store.peers?.announce({ ...card, address }, () => engineFacts(engine, activity));
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return {
    engine,
    url: isListening ? urlOf('ws', gateway.address()) : null,
    httpUrl: isListening ? urlOf('http', http.address()) : null,
    stop,
  };
}

/** Not even loaded when nothing is to be exported. */
async function loadObservability(
  { observability: settings }: Config,
  parts: { readonly clock: Clock; readonly random: Random; readonly log: Logger },
): Promise<Observability | null> {
  if (settings === null) return null;
  const { createObservability } = await import('./observe/observability.ts');
  const serviceVersion = settings.serviceVersion ?? VERSION;
  return createObservability({ settings: { ...settings, serviceVersion }, ...parts });
}

function httpTriggers(
  { enqueuer, invoker, functions, channels, clock, log, tracing }: Engine,
  config: Config,
  random: Random,
): HttpTriggers {
  const { allowedHosts, allowedOrigins } = config.listen;
  return new HttpTriggers({
    enqueuer,
    invoker,
    functions,
    channels,
    clock,
    random,
    log,
    tracing,
    ...config.http,
    rules: { host: config.http.host, allowedHosts, allowedOrigins },
  });
}

/** Who is told where is the operator's word: rules for URLs that workers name do not apply. */
function createAlerts(
  { alerts }: Config,
  parts: Pick<AlertsParts, 'clock' | 'random' | 'log'> & {
    readonly engine: Engine;
    readonly state: StateStore;
    readonly activity: QueueActivity;
    readonly card: AlertsParts['engine'];
  },
): Alerts {
  const { engine, state, activity, card, ...others } = parts;
  const policy = { allowlist: ['*'], blockPrivateAddresses: false, requireHttps: false };
  const caller = httpCaller({ policy, clock: others.clock, env: process.env });
  return new Alerts({
    ...others,
    rules: alerts.map((rule) => ({
      ...rule,
      id: alertId(rule),
      send: postNotice(caller, others.random, rule),
    })),
    readQueues: () => readForAlerts({ engine, activity, self: card.id }),
    records: {
      list: () => state.list(ALERTS_SCOPE),
      set: async (key, text) => {
        await state.update(ALERTS_SCOPE, key, () => text ?? undefined);
      },
    },
    isShared: engine.store.peers !== undefined,
    engine: { id: card.id, host: card.host, version: card.version },
  });
}

/** The condition and the receiver, hashed: a URL may hold a secret. How often it is repeated is neither. */
function alertId({
  when,
  queue,
  moreThan,
  withinMs,
  forMs,
  url,
}: Config['alerts'][number]): string {
  const parts = JSON.stringify([when, queue, moreThan, withinMs, forMs, url.reveal()]);
  return createHash('sha256').update(parts).digest('hex').slice(0, 32);
}

/** The queues with how fast this engine is with them. */
async function readQueues(engine: Engine, activity: QueueActivity) {
  const stats = await engine.store.stats();
  return new Map(
    [...stats].map(([name, reading]) => {
      const policy = engine.queues.policyOf(name) ?? defaultPolicy(name);
      return [name, { ...reading, pace: paceOf({ engine, activity }, policy, reading) }];
    }),
  );
}

/** Where other machines reach a listener that is bound to every address of this one. */
function reachable(bound: Address, host: string): Address {
  return bound.host === '0.0.0.0' || bound.host === '::' ? { ...bound, host } : bound;
}

function engineFacts({ functions, policies }: Engine, activity: QueueActivity): EngineFacts {
  const offered = functions.list().filter(({ workers }) => workers.length > 0);
  return {
    functions: Object.fromEntries(offered.map(({ id, workers }) => [id, workers.length])),
    rates: Object.fromEntries(
      [...policies.keys()].map((queue) => [
        queue,
        [activity.inPerSecond(queue), activity.outPerSecond(queue)] as const,
      ]),
    ),
    waits: Object.fromEntries(
      [...policies.keys()].flatMap((queue) => {
        const waitMs = activity.waitP95Ms(queue);
        return waitMs === null ? [] : [[queue, waitMs] as const];
      }),
    ),
  };
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function urlOf(scheme: string, { host, port }: Address): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
