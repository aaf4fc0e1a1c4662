import { Secret } from '../base/secret.ts';
import type { RabbitStoreConfig, RedisStoreConfig } from './config.ts';
import type { Findings, Spot } from './findings.ts';
import { RABBITMQ_ADAPTER_KEYS, REDIS_ADAPTER_KEYS } from './keys.ts';
import { readSection } from './section.ts';
import type { Tree } from './tree.ts';

/** Reads the settings of a Redis adapter. */
export function readRedis(
  findings: Findings,
  tree: Tree | undefined,
  spot: Spot,
): RedisStoreConfig | undefined {
  const errorsBefore = findings.errors;
  const section = readSection(findings, tree, spot, REDIS_ADAPTER_KEYS, 'the Redis adapter');
  const { redis_url: url, key_prefix: keyPrefix } = section.values;
  const { lease_ms: leaseMs, allow_eviction: allowEviction } = section.values;
  if (section.has('redis_url')) {
    const spot = section.valueSpot('redis_url');
    checkUrl(findings, spot, url, ['redis:', 'rediss:']);
    checkDatabase(findings, spot, url);
  }
  if (/[{}\s]/.test(keyPrefix)) {
    findings.error(
      'bad_name',
      section.valueSpot('key_prefix'),
      '`key_prefix` has braces or spaces',
      'Use letters, digits, `:`, `-` and `_`.',
    );
  }
  if (findings.errors > errorsBefore || section.hasRejected) return undefined;
  return { kind: 'redis', url: new Secret(url), keyPrefix, leaseMs, allowEviction };
}

/** Reads the settings of a RabbitMQ adapter. */
export function readRabbit(
  findings: Findings,
  tree: Tree | undefined,
  spot: Spot,
): RabbitStoreConfig | undefined {
  const errorsBefore = findings.errors;
  const section = readSection(findings, tree, spot, RABBITMQ_ADAPTER_KEYS, 'the RabbitMQ adapter');
  const { amqp_url: url, queue_mode: mode } = section.values;
  if (section.has('amqp_url')) {
    checkUrl(findings, section.valueSpot('amqp_url'), url, ['amqp:', 'amqps:']);
  }
  if (findings.errors > errorsBefore || section.hasRejected) return undefined;
  const queueMode = mode === 'quorum' ? 'quorum' : 'classic';
  return { kind: 'rabbitmq', url: new Secret(url), queueMode };
}

/** The URL itself is not shown: a password may be in it. */
function checkUrl(findings: Findings, spot: Spot, url: string, protocols: readonly string[]): void {
  if (spot.range !== null) findings.hide(spot.range);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && protocols.includes(parsed.protocol) && parsed.hostname !== '') return;
  const forms = protocols.map((protocol) => `\`${protocol}//HOST:PORT\``);
  findings.error('out_of_range', spot, `The address must be ${forms.join(' or ')}`);
}

/** What stands behind the address is the number of a database. */
function checkDatabase(findings: Findings, spot: Spot, url: string): void {
  if (!URL.canParse(url) || /^\/?\d*$/.test(new URL(url).pathname)) return;
  findings.error(
    'out_of_range',
    spot,
    'What follows `redis://HOST:PORT/` must be the number of a database',
    'Leave it out for database 0. Engines that share a Redis are told apart by `key_prefix`.',
  );
}
