import { ALERT_AUTH_KEYS, ALERT_KEYS } from '../src/config/alert-keys.ts';
import type { KeySpec, KeyTable } from '../src/config/key-spec.ts';
import * as keys from '../src/config/keys.ts';
import * as modules from '../src/config/module-keys.ts';
import { MODULES } from '../src/config/modules.ts';
import { OBSERVABILITY_KEYS } from '../src/config/observability-keys.ts';
import { SLO_KEYS } from '../src/config/slo-keys.ts';
import { PROBLEM_CODES } from '../src/config/problem-codes.ts';

/** What to say of a module of the original. */
const STATUS = {
  built: 'yes',
  not_built_yet: 'not yet: its entry is ignored, with a warning',
  no_effect: 'has no counterpart: its entry is ignored, with a warning',
} as const;

/** The tables of the pages in docs/, by the name in their markers. */
export const REFERENCE: Readonly<Record<string, string>> = {
  'top level': keyTable(keys.TOP_KEYS),
  alert: keyTable(ALERT_KEYS),
  'alert auth': keyTable(ALERT_AUTH_KEYS),
  token: keyTable(keys.TOKEN_KEYS),
  entry: keyTable(keys.ENTRY_KEYS),
  'worker manager': keyTable(keys.WORKER_MANAGER_KEYS),
  http: keyTable(keys.HTTP_KEYS),
  cors: keyTable(keys.CORS_KEYS),
  middleware: keyTable(keys.MIDDLEWARE_KEYS),
  'queue module': keyTable(keys.QUEUE_MODULE_KEYS),
  adapter: keyTable(keys.ADAPTER_KEYS),
  'builtin adapter': keyTable(keys.BUILTIN_ADAPTER_KEYS),
  'redis adapter': keyTable(keys.REDIS_ADAPTER_KEYS),
  'rabbitmq adapter': keyTable(keys.RABBITMQ_ADAPTER_KEYS),
  queue: keyTable(keys.QUEUE_KEYS),
  'rate limit': keyTable(keys.RATE_LIMIT_KEYS),
  slo: keyTable(SLO_KEYS),
  retention: keyTable(keys.RETENTION_KEYS),
  state: keyTable(modules.STATE_KEYS),
  'state adapter': keyTable(modules.STATE_ADAPTER_KEYS),
  cron: keyTable(modules.CRON_KEYS),
  'cron adapter': keyTable(modules.CRON_ADAPTER_KEYS),
  pubsub: keyTable(modules.PUBSUB_KEYS),
  'http functions': keyTable(modules.HTTP_FUNCTIONS_KEYS),
  'url security': keyTable(modules.URL_SECURITY_KEYS),
  observability: keyTable(OBSERVABILITY_KEYS),
  'module names': moduleNames(),
  problems: [
    '| code | meaning |',
    '| --- | --- |',
    ...Object.entries(PROBLEM_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`),
  ].join('\n'),
};

function moduleNames(): string {
  const rows = Object.values(MODULES).map(({ names, status }) => {
    const [newer, ...others] = names.map((name) => `\`${name}\``);
    return `| ${others.join(', ')} | ${newer} | ${STATUS[status]} |`;
  });
  return ['| also called | newest name | here |', '| --- | --- | --- |', ...rows].join('\n');
}

function keyTable(table: KeyTable): string {
  const rows = Object.entries(table).map(
    ([key, spec]) => `| \`${key}\` | ${valuesOf(spec)} | ${defaultOf(spec)} | ${spec.doc} |`,
  );
  return ['| key | value | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function defaultOf(spec: KeySpec): string {
  if (spec.required === true) return 'required';
  return spec.default === undefined || spec.default === null
    ? 'none'
    : `\`${String(spec.default)}\``;
}

function valuesOf(spec: KeySpec): string {
  switch (spec.kind) {
    case 'integer':
      return spec.max >= 2 ** 32 - 1
        ? `whole number, at least ${spec.min}`
        : `whole number, ${spec.min} to ${spec.max}`;
    case 'number':
      return `number, ${spec.min} to ${spec.max}`;
    case 'choice':
      return spec.of.map((choice) => `\`${choice}\``).join(' or ');
    case 'boolean':
      return '`true` or `false`';
    case 'texts':
      return 'list of texts';
    case 'any':
      return 'anything';
    default:
      return spec.kind;
  }
}

/** A page with the text between each pair of markers replaced by its table. */
export function fillTables(page: string): string {
  return page.replaceAll(
    /(<!-- table: (.+?) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_all, open: string, name: string, close: string) =>
      `${open}\n${REFERENCE[name] ?? `no table ${name}`}\n\n${close}`,
  );
}
