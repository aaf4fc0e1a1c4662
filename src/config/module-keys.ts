import type { KeyNotice, KeyTable } from './key-spec.ts';

const synced: KeyNotice = {
  code: 'no_effect',
  message: 'a value is on disk before the call is answered, there is no interval',
};
const oneEngine: KeyNotice = {
  code: 'unsupported',
  message: 'it works within one engine, and nothing is shared with others',
};

export const STATE_KEYS = {
  adapter: { kind: 'map', doc: 'Where values are kept. Without it: where jobs are.' },
  triggers_enabled: {
    kind: 'boolean',
    default: true,
    doc: 'Whether changes call the functions of `state` triggers.',
  },
  max_value_bytes: {
    kind: 'integer',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    default: null,
    doc: 'Largest value; a larger one is refused with `VALUE_TOO_LARGE`.',
  },
  save_interval_ms: { kind: 'any', doc: 'No effect: values are written at once.', notice: synced },
} as const satisfies KeyTable;

export const STATE_ADAPTER_KEYS = {
  store_method: {
    kind: 'choice',
    of: ['in_memory', 'file_based'],
    default: 'in_memory',
    doc: 'Whether values survive the end of the engine.',
  },
  file_path: { kind: 'text', default: null, doc: 'Folder of the values; needed for `file_based`.' },
  save_interval_ms: { kind: 'any', doc: 'No effect: values are written at once.', notice: synced },
} as const satisfies KeyTable;

export const CRON_KEYS = {
  adapter: {
    kind: 'map',
    doc: 'Where engines agree on who runs a tick. Without it: where jobs are.',
  },
} as const satisfies KeyTable;

const ownTicks: KeyNotice = {
  code: 'no_effect',
  message: 'one engine runs its ticks without a lock; several share them through `redis`',
};

export const CRON_ADAPTER_KEYS = {
  ...STATE_ADAPTER_KEYS,
  lock_ttl_ms: { kind: 'any', doc: 'No effect: nothing is locked.', notice: ownTicks },
  lock_index: { kind: 'any', doc: 'No effect: nothing is locked.', notice: ownTicks },
} as const satisfies KeyTable;

export const PUBSUB_KEYS = {
  adapter: {
    kind: 'any',
    doc: 'Not supported: messages are not shared among engines.',
    notice: oneEngine,
  },
} as const satisfies KeyTable;

export const HTTP_FUNCTIONS_KEYS = {
  security: { kind: 'map', doc: 'Which URLs may be called.' },
} as const satisfies KeyTable;

export const URL_SECURITY_KEYS = {
  url_allowlist: {
    kind: 'texts',
    doc: 'Hosts (`*.example.com`) or URLs (`https://example.com/hooks/*`) that may be called; `*` stands for anything. Without it: all.',
  },
  block_private_ips: {
    kind: 'boolean',
    default: true,
    doc: 'Whether addresses of this machine and of private networks are refused, also behind a name.',
  },
  require_https: { kind: 'boolean', default: true, doc: 'Whether `http:` is refused.' },
} as const satisfies KeyTable;
