import { LIMITS, QUEUE_DEFAULTS } from '../queue/limits.ts';
import type { KeyNotice, KeySpec, KeyTable } from './key-spec.ts';

const U32_MAX = 2 ** 32 - 1;
/** The original counts to 2^64; beyond 2^53 JavaScript would count wrongly. */
const U64_MAX = Number.MAX_SAFE_INTEGER;
const DAY_MS = 86_400_000;

const u32 = (min: number) => ({ kind: 'integer', min, max: U32_MAX }) as const;
const u64 = (min: number) => ({ kind: 'integer', min, max: U64_MAX }) as const;
const port = (min: number) => ({ kind: 'integer', min, max: 65_535 }) as const;

const noEffect = (message: string): KeyNotice => ({ code: 'no_effect', message });
const unsupported = (message: string): KeyNotice => ({ code: 'unsupported', message });
/** A default for all topics in the original; here each subscription says it for itself. */
const ofSubscription = (key: string) => ({
  doc: 'Not supported.',
  notice: unsupported(
    `a subscription has its own, as \`${key}\` of \`queue_config\` in its trigger`,
  ),
});

export const LISTEN_DEFAULTS = { host: '127.0.0.1', port: 49_134, httpPort: 3_111 } as const;

/** Where jobs are kept when nothing says otherwise: nobody should lose jobs by not having chosen. */
export const DEFAULT_STORE_PATH = './data/queue_store';

export const TOP_KEYS = {
  modules: { kind: 'list', doc: 'Modules, each with `class` (the older form) or `name`.' },
  workers: { kind: 'list', doc: 'Modules, each with `name` (the newer form) or `class`.' },
  host: {
    kind: 'text',
    default: LISTEN_DEFAULTS.host,
    doc: 'Address that all listeners bind. Beyond this machine it needs a token.',
  },
  port: {
    ...port(0),
    default: LISTEN_DEFAULTS.port,
    doc: 'Port for workers. 0 means the default, as in the original.',
  },
  auth: { kind: 'map', doc: 'Who may connect; see below.' },
  insecure: {
    kind: 'boolean',
    default: false,
    doc: 'Lets the engine listen beyond this machine without a token, with a warning.',
  },
  allowed_origins: {
    kind: 'texts',
    doc: 'Values of the `Origin` header that may connect, beside the console’s own.',
  },
  allowed_hosts: {
    kind: 'texts',
    doc: 'Values of the `Host` header that are answered, beside loopback names.',
  },
  max_job_bytes: {
    kind: 'integer',
    min: 1,
    max: 64 * 1024 * 1024,
    default: LIMITS.maxJobBytes,
    doc: 'Largest payload of a job. Python workers lose their connection above 1 MiB.',
  },
  shutdown_grace_ms: {
    kind: 'integer',
    min: 0,
    max: DAY_MS,
    default: 30_000,
    doc: 'Time that running attempts get to finish when the engine stops.',
  },
  alerts: { kind: 'list', doc: 'What the engine posts to a URL when it happens; see below.' },
  undo_window: {
    kind: 'text',
    default: '15m',
    doc: 'How long jobs that were discarded, purged or cancelled can be brought back, such as `15m`; `0s`: not at all.',
  },
  registration_namespace_grace_ms: {
    kind: 'any',
    doc: 'Not supported.',
    notice: unsupported('there are no registration namespaces'),
  },
} as const satisfies KeyTable;

export const AUTH_KEYS = {
  tokens: { kind: 'list', doc: 'Accepted tokens.' },
} as const satisfies KeyTable;

export const TOKEN_KEYS = {
  name: { kind: 'text', required: true, doc: 'Name of the token in logs and listings.' },
  role: {
    kind: 'choice',
    of: ['worker', 'read', 'operate', 'admin'],
    required: true,
    doc: 'What its holder may do.',
  },
  hash: {
    kind: 'text',
    doc: 'SHA-256 of the token, 64 hex digits; `sha256:` may stand before it.',
  },
  env: { kind: 'text', doc: 'Environment variable that holds the token.' },
  file: { kind: 'text', doc: 'File that holds the token.' },
} as const satisfies KeyTable;

/** An entry of `modules` or `workers`. */
export const ENTRY_KEYS = {
  name: { kind: 'text', doc: 'The module by its newer name.' },
  class: { kind: 'text', doc: 'The module by its older name.' },
  config: { kind: 'map', doc: 'Settings of the module.' },
  image: {
    kind: 'any',
    doc: 'Not supported.',
    notice: unsupported('no container is started; start the worker yourself'),
  },
} as const satisfies KeyTable;

export const WORKER_MANAGER_KEYS = {
  host: { kind: 'text', doc: 'Address for workers; wins over the top-level `host`.' },
  port: { ...port(0), doc: 'Port for workers; wins over the top-level `port`.' },
  handshake_timeout_ms: {
    kind: 'integer',
    min: 1,
    max: DAY_MS,
    default: 10_000,
    doc: 'Time a client has to complete the connection and to authenticate.',
  },
  rbac: {
    kind: 'any',
    doc: 'Not supported.',
    notice: unsupported('access is decided by the roles of `auth.tokens`'),
  },
  middleware_function_id: {
    kind: 'any',
    doc: 'Not supported.',
    notice: unsupported('no function is called between worker and engine'),
  },
} as const satisfies KeyTable;

export const HTTP_KEYS = {
  host: {
    kind: 'text',
    doc: 'Address for HTTP triggers; wins over the top-level `host`. Beyond this machine it needs a token, which HTTP requests do not.',
  },
  port: { ...port(0), default: LISTEN_DEFAULTS.httpPort, doc: 'Port for HTTP triggers.' },
  default_timeout: {
    kind: 'integer',
    min: 1,
    max: DAY_MS,
    default: 30_000,
    doc: 'Milliseconds until an answer must have begun; later ones are answered 504.',
  },
  concurrency_request_limit: {
    ...u32(1),
    default: 1_024,
    doc: 'Requests answered at the same time; more are answered 503.',
  },
  cors: {
    kind: 'map',
    default: null,
    doc: 'Which pages of other origins may use the routes; without it, none.',
  },
  middleware: { kind: 'list', doc: 'Functions asked before every route’s own.' },
} as const satisfies KeyTable;

export const CORS_KEYS = {
  allowed_origins: {
    kind: 'texts',
    doc: 'Origins such as `https://shop.example`. `*`, or an empty list: any.',
  },
  allowed_methods: { kind: 'texts', doc: 'Methods such as `POST`. `*`, or an empty list: any.' },
} as const satisfies KeyTable;

export const MIDDLEWARE_KEYS = {
  function_id: { kind: 'text', required: true, doc: 'The function.' },
  phase: {
    kind: 'choice',
    of: ['preHandler'],
    default: 'preHandler',
    doc: 'When it is asked: before the condition and the function of the route.',
  },
  priority: {
    kind: 'integer',
    min: -1_000_000,
    max: 1_000_000,
    default: 0,
    doc: 'Lower ones are asked first; equal ones in the order written.',
  },
} as const satisfies KeyTable;

export const QUEUE_MODULE_KEYS = {
  adapter: { kind: 'map', doc: 'Where jobs are kept. Without it: a file store.' },
  queue_configs: { kind: 'map', doc: 'Settings by queue name.' },
} as const satisfies KeyTable;

export const ADAPTER_KEYS = {
  name: { kind: 'text', doc: 'The adapter by its newer name.' },
  class: { kind: 'text', doc: 'The adapter by its older name.' },
  config: { kind: 'map', doc: 'Settings of the adapter.' },
} as const satisfies KeyTable;

export const BUILTIN_ADAPTER_KEYS = {
  store_method: {
    kind: 'choice',
    of: ['in_memory', 'file_based'],
    default: 'in_memory',
    doc: 'Whether jobs survive the end of the engine.',
  },
  file_path: { kind: 'text', default: null, doc: 'Folder of the jobs; needed for `file_based`.' },
  save_interval_ms: {
    ...u64(0),
    doc: 'No effect: a job is on disk before its receipt is sent.',
    notice: noEffect('a job is on disk before its receipt is sent, there is no interval'),
  },
  max_attempts: { ...u32(0), ...ofSubscription('max_retries') },
  backoff_ms: { ...u64(0), ...ofSubscription('backoff_ms') },
  concurrency: { ...u32(1), ...ofSubscription('concurrency') },
  poll_interval_ms: {
    ...u64(1),
    doc: 'No effect: nothing is polled.',
    notice: noEffect('nothing is polled: jobs start when they can'),
  },
  mode: { kind: 'choice', of: ['concurrent', 'fifo'], ...ofSubscription('type') },
} as const satisfies KeyTable;

export const REDIS_ADAPTER_KEYS = {
  redis_url: {
    kind: 'text',
    default: 'redis://localhost:6379',
    doc: '`redis://[USER:PASSWORD@]HOST[:PORT][/DB]`; with TLS, `rediss://`.',
  },
  key_prefix: {
    kind: 'text',
    default: 'iii',
    doc: 'What the names of all keys begin with. Engines with the same one share everything.',
  },
  lease_ms: {
    kind: 'integer',
    min: 1_000,
    max: DAY_MS,
    default: 10_000,
    doc: 'After this long without a sign of life an engine’s jobs are taken over.',
  },
  allow_eviction: {
    kind: 'boolean',
    default: false,
    doc: 'Start although `maxmemory-policy` lets Redis throw jobs away.',
  },
} as const satisfies KeyTable;

export const RABBITMQ_ADAPTER_KEYS = {
  amqp_url: {
    kind: 'text',
    default: 'amqp://localhost:5672',
    doc: '`amqp://[USER:PASSWORD@]HOST[:PORT][/VHOST]`; with TLS, `amqps://`. Without a user it is `guest`, whom a broker lets in from its own machine only.',
  },
  queue_mode: {
    kind: 'choice',
    of: ['quorum', 'classic', 'standard', 'fifo'],
    default: 'quorum',
    doc: 'Kind of the broker’s queues. `standard` and `fifo` of the original mean `classic`.',
  },
  max_attempts: { ...u32(0), ...ofSubscription('max_retries') },
  prefetch_count: {
    ...u32(1),
    doc: 'No effect: an engine takes as many jobs as `concurrency` allows.',
    notice: noEffect('an engine takes as many jobs as `concurrency` allows'),
  },
  priority_field: {
    kind: 'any',
    doc: 'Not supported.',
    notice: unsupported('priority is given with each job, as the option `priority`'),
  },
} as const satisfies KeyTable;

const otherStore: KeySpec = { kind: 'any', doc: 'Of a store that this version does not have.' };

/** Keys of an adapter that is known but not there, so that mistyping is still found. */
export const BRIDGE_ADAPTER_KEYS: KeyTable = { bridge_url: otherStore };

export const QUEUE_KEYS = {
  max_retries: {
    ...u32(0),
    default: QUEUE_DEFAULTS.maxRetries,
    alsoCalled: ['max_attempts', 'attempts', 'retries'],
    doc: 'Attempts in total before a job is dead. 0 and 1 both mean one attempt.',
  },
  concurrency: {
    ...u32(1),
    default: QUEUE_DEFAULTS.concurrency,
    doc: 'Attempts at the same time, per engine. Never less than `group_concurrency` unless written.',
  },
  type: {
    kind: 'choice',
    of: ['standard', 'fifo'],
    default: QUEUE_DEFAULTS.type,
    doc: '`fifo` keeps the order within each group.',
  },
  message_group_field: {
    kind: 'text',
    mayBeEmpty: true,
    default: null,
    doc: 'Top-level field of the payload whose value is the group. Needed for `fifo`.',
  },
  backoff_ms: {
    ...u64(0),
    default: QUEUE_DEFAULTS.backoffMs,
    doc: 'Delay after failed attempt n: this × 2^(n−1).',
  },
  poll_interval_ms: {
    ...u64(1),
    default: QUEUE_DEFAULTS.pollIntervalMs,
    doc: 'For stores that cannot tell of new jobs; the memory and file stores need no polling.',
  },
  group_concurrency: {
    ...u32(1),
    default: QUEUE_DEFAULTS.groupConcurrency,
    doc: '`fifo`: groups in flight at once; never two jobs of one group.',
  },
  max_backoff_ms: { ...u64(0), default: null, doc: 'Longest delay between two attempts.' },
  jitter: {
    kind: 'number',
    min: 0,
    max: 1,
    default: QUEUE_DEFAULTS.jitter,
    doc: 'Share of each delay that is random.',
  },
  timeout_ms: {
    ...u64(1),
    default: null,
    doc: 'Longest time of one attempt; past it the attempt failed.',
  },
  max_interruptions: {
    ...u32(0),
    default: QUEUE_DEFAULTS.maxInterruptions,
    doc: 'Lost workers a job survives; one more and it is dead.',
  },
  ttl_ms: {
    ...u64(1),
    default: null,
    doc: 'A job not started after this long is dead with reason `expired`.',
  },
  rate_limit: {
    kind: 'map',
    default: null,
    doc: '`{ max, per_ms }`: attempts started per window.',
  },
  dead_letter_queue: {
    kind: 'text',
    default: null,
    doc: 'Name under which dead jobs are kept; the queue’s own name by default.',
  },
  slo: {
    kind: 'map',
    default: null,
    doc: '`{ wait_p95 }`: how long jobs should wait at most; shown, exported and watched.',
  },
  retention: { kind: 'map', doc: '`{ completed }`: finished jobs kept for looking up.' },
  retry_delay: { ...u64(0), doc: 'Another name of `backoff_ms`.' },
  max_priority: {
    kind: 'any',
    doc: 'Not supported.',
    notice: unsupported('priority is given with each job and has no upper limit'),
  },
  priority_field: {
    kind: 'any',
    doc: 'Not supported.',
    notice: unsupported('priority is given with each job, as the option `priority`'),
  },
} as const satisfies KeyTable;

export const RATE_LIMIT_KEYS = {
  max: { ...u32(1), required: true, doc: 'Attempts started per window.' },
  per_ms: { ...u64(1), required: true, doc: 'Length of the window.' },
} as const satisfies KeyTable;

export const RETENTION_KEYS = {
  completed: {
    ...u32(0),
    default: QUEUE_DEFAULTS.retainCompleted,
    doc: 'Finished jobs kept: the last this many.',
  },
} as const satisfies KeyTable;
