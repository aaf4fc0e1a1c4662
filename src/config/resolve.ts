import { STORE_GAPS } from '../queue/store-gaps.ts';
import { readAlerts } from './alerts.ts';
import type { Config, LoadedConfig, StoreConfig } from './config.ts';
import { readDuration } from './durations.ts';
import type { Findings, Spot } from './findings.ts';
import { readCors, readMiddleware } from './http.ts';
import {
  HTTP_KEYS,
  LISTEN_DEFAULTS,
  QUEUE_MODULE_KEYS,
  TOP_KEYS,
  WORKER_MANAGER_KEYS,
} from './keys.ts';
import { readModules, type ModuleConfig, type ModuleKey } from './modules.ts';
import { readObservability } from './observability.ts';
import { originsOf } from './origins.ts';
import { readQueues } from './queues.ts';
import { readSection } from './section.ts';
import { readStore } from './store.ts';
import { checkPubSub, readCron, readState, readUrlPolicy } from './trigger-modules.ts';
import { readTokens, type TokenSources } from './tokens.ts';
import type { Tree } from './tree.ts';

/** What the command line says; it wins over the file. */
export interface ConfigOverrides {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly httpPort?: number | undefined;
  /** `memory`, or the folder of a file store. */
  readonly store?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly graceMs?: number | undefined;
}

export interface ResolveOptions extends TokenSources {
  /** The name of the file, for messages; `null` when there is none. */
  readonly file: string | null;
  readonly overrides?: ConfigOverrides | undefined;
}

/** Checks a tree against all rules and fills in the defaults. */
export function resolveConfig(
  tree: Tree | undefined,
  findings: Findings,
  options: ResolveOptions,
): LoadedConfig {
  const overrides = options.overrides ?? {};
  const root: Spot = { path: '', range: tree?.range ?? null };
  const top = readSection(findings, tree, root, TOP_KEYS, 'the top level');
  const modules = readModules(findings, top);
  const read = <T extends typeof WORKER_MANAGER_KEYS | typeof HTTP_KEYS | typeof QUEUE_MODULE_KEYS>(
    key: 'workerManager' | 'http' | 'queue',
    table: T,
    label: string,
  ) =>
    readSection(findings, modules.get(key)?.config, modules.get(key)?.spot ?? root, table, label);
  const manager = read('workerManager', WORKER_MANAGER_KEYS, 'the worker manager');
  const http = read('http', HTTP_KEYS, 'the HTTP module');
  const queue = read('queue', QUEUE_MODULE_KEYS, 'the queue module');

  for (const key of ['host', 'port'] as const) {
    if (top.has(key) && manager.has(key)) {
      findings.warn(
        'no_effect',
        top.keySpot(key),
        `\`${key}\` of the worker manager wins over this one`,
        'Remove one of the two.',
      );
    }
  }
  const host = overrides.host ?? manager.values.host ?? top.values.host;
  const port = overrides.port ?? manager.values.port ?? (top.values.port || LISTEN_DEFAULTS.port);
  const errorsBefore = findings.errors;
  const tokens = readTokens(findings, top, options);
  // Tokens that were written wrongly are reported as such; that none is left is no second problem.
  const access = {
    isProtected: tokens.length > 0 || findings.errors > errorsBefore,
    isInsecure: overrides.insecure ?? top.values.insecure,
  };
  const hostSource = manager.has('host') ? manager : top;
  const httpHostSource = http.has('host') ? http : top;
  const httpHost = overrides.host ?? http.values.host ?? top.values.host;
  if (overrides.host !== undefined) {
    checkAccess(findings, { host, spot: { path: 'host', range: null }, ...access });
  } else {
    checkAccess(findings, { host, spot: hostSource.valueSpot('host'), ...access });
    if (httpHostSource !== hostSource) {
      checkAccess(findings, { host: httpHost, spot: httpHostSource.valueSpot('host'), ...access });
    }
  }

  const store = readStore(
    findings,
    queue.values.adapter,
    queue.keySpot('adapter'),
    storeOverride(overrides.store),
  );
  const queues = readQueues(
    findings,
    queue.values.queue_configs,
    queue.keySpot('queue_configs'),
    STORE_GAPS[store.kind],
  );
  const moduleOf = (key: ModuleKey): ModuleConfig =>
    modules.get(key) ?? { config: undefined, spot: root };
  checkPubSub(findings, moduleOf('pubsub'));
  const config: Config = {
    file: options.file,
    listen: {
      host,
      port,
      handshakeTimeoutMs: manager.values.handshake_timeout_ms,
      allowedOrigins: top.values.allowed_origins ?? [],
      allowedHosts: top.values.allowed_hosts ?? [],
    },
    http: {
      host: httpHost,
      port: overrides.httpPort ?? http.values.port,
      timeoutMs: http.values.default_timeout,
      maxConcurrent: http.values.concurrency_request_limit,
      cors: readCors(findings, http),
      middlewareIds: readMiddleware(findings, http),
    },
    tokens,
    store,
    state: readState(findings, moduleOf('state'), store, overrides.store === 'memory'),
    cronStore: readCron(findings, moduleOf('cron')),
    urlPolicy: readUrlPolicy(findings, moduleOf('httpFunctions')),
    observability: readObservability(findings, moduleOf('observability'), options.env),
    queues,
    maxJobBytes: top.values.max_job_bytes,
    shutdownGraceMs: overrides.graceMs ?? top.values.shutdown_grace_ms,
    alerts: readAlerts(findings, top, { queues, env: options.env }),
    undoWindowMs: readDuration(findings, top, 'undo_window') ?? 0,
  };
  const isUsable = findings.errors === 0;
  const { env } = options;
  return {
    config: isUsable ? config : null,
    problems: findings.list(),
    queues: findings.isBroken ? [] : queues,
    origins: isUsable ? originsOf({ config, tree, modules, findings, overrides, env }) : new Map(),
  };
}

/** A listener that others can reach needs a token, or a word that none is wanted. */
function checkAccess(
  findings: Findings,
  access: { host: string; spot: Spot; isProtected: boolean; isInsecure: boolean },
): void {
  const { host, spot } = access;
  if (access.isProtected || isLoopback(host)) return;
  if (access.isInsecure) {
    findings.warn(
      'insecure',
      spot,
      `Anybody who reaches \`${host}\` can run every function: no token is asked for`,
      'Add a token to `auth.tokens`, or bind 127.0.0.1.',
    );
    return;
  }
  findings.error(
    'token_required',
    spot,
    `\`host: ${host}\` can be reached from other machines, and no token is asked for`,
    [
      'Bind 127.0.0.1, or ask for a token (make one with: iii token create):',
      '  auth:',
      '    tokens: [{ name: main, role: admin, env: III_TOKEN }]',
    ].join('\n'),
  );
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}

function storeOverride(store: string | undefined): StoreConfig | undefined {
  if (store === undefined) return undefined;
  return store === 'memory' ? { kind: 'memory' } : { kind: 'file', path: store };
}
