import type { KeyTable } from './key-spec.ts';

/** An entry of `alerts`. */
export const ALERT_KEYS = {
  when: {
    kind: 'choice',
    of: ['dead_letters', 'no_workers', 'slo'],
    required: true,
    doc: 'What is watched: jobs that die, jobs that no worker takes, or a queue over its `slo`.',
  },
  queue: { kind: 'text', default: '*', doc: 'Name of the queue; `*`: each queue by itself.' },
  more_than: {
    kind: 'integer',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    default: 0,
    doc: '`dead_letters`: jobs that may die within `within` before it fires.',
  },
  within: { kind: 'text', default: '5m', doc: '`dead_letters`: time over which they are counted.' },
  for: {
    kind: 'text',
    default: '1m',
    doc: '`no_workers` and `slo`: how long it must be so before it fires.',
  },
  repeat: {
    kind: 'text',
    default: null,
    doc: 'How often it is said again while it lasts, such as `1h`; without it, once.',
  },
  url: {
    kind: 'text',
    required: true,
    doc: 'Where it is posted to, as JSON. Shown nowhere: it may be a secret.',
  },
  auth: { kind: 'map', default: null, doc: 'How the engine shows who it is; see below.' },
} as const satisfies KeyTable;

/** `auth` of an alert. */
export const ALERT_AUTH_KEYS = {
  type: {
    kind: 'choice',
    of: ['bearer', 'api_key', 'hmac'],
    required: true,
    doc: '`bearer`: `Authorization` with a token. `api_key`: a header with a value. `hmac`: a signature.',
  },
  env: { kind: 'text', required: true, doc: 'Environment variable that holds the secret.' },
  header: { kind: 'text', doc: '`api_key`: name of the header.' },
} as const satisfies KeyTable;
