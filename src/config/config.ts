import type { Role } from '../base/role.ts';
import type { Secret } from '../base/secret.ts';
import type { QueuePolicy } from '../queue/types.ts';
import type { Origins } from './origin.ts';

/** One accepted token. Only its SHA-256 is kept. */
export interface TokenConfig {
  readonly name: string;
  /** Lower-case hex SHA-256 of the token. */
  readonly sha256: string;
  readonly role: Role;
}

export type StoreConfig =
  | { readonly kind: 'memory' }
  | { readonly kind: 'file'; readonly path: string }
  | RedisStoreConfig
  | RabbitStoreConfig;

export interface RedisStoreConfig {
  readonly kind: 'redis';
  readonly url: Secret;
  /** What the names of all keys begin with. */
  readonly keyPrefix: string;
  /** After this long without a sign of life an engine's jobs are taken over. */
  readonly leaseMs: number;
  /** Start although Redis may throw jobs away when its memory is full. */
  readonly allowEviction: boolean;
}

export interface RabbitStoreConfig {
  readonly kind: 'rabbitmq';
  readonly url: Secret;
  readonly queueMode: 'quorum' | 'classic';
}

export interface StateConfig {
  /** Where users' values are kept; `null`: beside the jobs, and as safe as those. */
  readonly store: StoreConfig | null;
  readonly triggersEnabled: boolean;
  /** `null`: no limit of its own. */
  readonly maxValueBytes: number | null;
}

/** Which URLs functions may be called at. */
export interface UrlPolicyConfig {
  /** Patterns of hosts or of whole URLs; `*` stands for anything. */
  readonly allowlist: readonly string[];
  readonly blockPrivateAddresses: boolean;
  readonly requireHttps: boolean;
}

/** Where telemetry goes, as OTLP/JSON over HTTP. */
export interface ObservabilityConfig {
  readonly signals: { readonly traces: boolean; readonly metrics: boolean; readonly logs: boolean };
  /** Full URL by signal. */
  readonly urls: { readonly traces: string; readonly metrics: string; readonly logs: string };
  /** Sent with every request; names in lower case. */
  readonly headers: ReadonlyMap<string, Secret>;
  readonly serviceName: string;
  readonly serviceNamespace: string | null;
  /** `null`: the engine's own. */
  readonly serviceVersion: string | null;
  /** Share of the traces that begin in the engine, from 0 to 1. */
  readonly samplingRatio: number;
}

/** The listener of HTTP triggers. */
export interface HttpConfig {
  readonly host: string;
  readonly port: number;
  /** Time until an answer must have begun. */
  readonly timeoutMs: number;
  /** Requests answered at the same time. */
  readonly maxConcurrent: number;
  /** `null`: pages of other origins get nothing. In it, `null` means any. */
  readonly cors: {
    readonly allowedOrigins: readonly string[] | null;
    readonly allowedMethods: readonly string[] | null;
  } | null;
  /** Functions asked before every route's own, in this order. */
  readonly middlewareIds: readonly string[];
}

/** Something the engine tells about, by posting JSON to a URL. */
export interface AlertConfig {
  readonly when: 'dead_letters' | 'no_workers' | 'slo';
  /** A name; `*` for each queue by itself. */
  readonly queue: string;
  /** `dead_letters`: jobs that may die within `withinMs`. */
  readonly moreThan: number;
  readonly withinMs: number;
  /** The others: how long it must be so. */
  readonly forMs: number;
  /** How often it is said again; `null`: once. */
  readonly repeatMs: number | null;
  readonly url: Secret;
  readonly auth: AlertAuth | null;
}

/** Each names a variable of the engine's environment. */
export type AlertAuth =
  | { readonly kind: 'bearer'; readonly tokenEnv: string }
  | { readonly kind: 'api_key'; readonly header: string; readonly valueEnv: string }
  | { readonly kind: 'hmac'; readonly secretEnv: string };

/** The whole configuration, checked, with every default filled in. Nothing after loading knows dialects. */
export interface Config {
  /** The file it came from; `null` when none was given. */
  readonly file: string | null;
  /** The worker protocol's listener. */
  readonly listen: {
    readonly host: string;
    readonly port: number;
    /** Time a client has to complete the upgrade, and to authenticate. */
    readonly handshakeTimeoutMs: number;
    readonly allowedOrigins: readonly string[];
    readonly allowedHosts: readonly string[];
  };
  readonly http: HttpConfig;
  readonly tokens: readonly TokenConfig[];
  readonly store: StoreConfig;
  readonly state: StateConfig;
  /** Through which engines agree on who runs a tick of cron; `null`: the store of the jobs. */
  readonly cronStore: StoreConfig | null;
  readonly urlPolicy: UrlPolicyConfig;
  /** `null`: no telemetry leaves the engine. */
  readonly observability: ObservabilityConfig | null;
  /** `default` is always among them. */
  readonly queues: readonly QueuePolicy[];
  readonly maxJobBytes: number;
  readonly shutdownGraceMs: number;
  readonly alerts: readonly AlertConfig[];
  /** How long ended jobs can be brought back. */
  readonly undoWindowMs: number;
}

/** One finding in a configuration. Line and column count from 1. */
export interface ConfigProblem {
  readonly severity: 'error' | 'warning';
  /** Stable name of the kind of finding, such as `unknown_key`. */
  readonly code: string;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  /** Where in the tree, such as `workers[0].config.queue_configs.payment.type`. */
  readonly path: string;
  readonly hint: string | null;
  /** The source line, for the caret; `null` without a position. */
  readonly source: string | null;
  /** Characters the caret underlines. */
  readonly length: number;
}

/** The outcome of reading a configuration: usable only without errors. */
export interface LoadedConfig {
  /** `null` when there is an error among the problems. */
  readonly config: Config | null;
  readonly problems: readonly ConfigProblem[];
  /** The queues that could be resolved, also when something else is wrong. */
  readonly queues: readonly QueuePolicy[];
  /** Where each setting comes from; empty when the configuration is not usable. */
  readonly origins: Origins;
}
