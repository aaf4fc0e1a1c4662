import type { Redis } from 'ioredis';
import { IiiError } from '../../base/errors.ts';

/** What the server says about how safe its data is; `null` where it does not say. */
export interface ServerSettings {
  readonly appendOnly: boolean | null;
  readonly appendFsync: string | null;
  readonly evictionPolicy: string | null;
}

/** Asks for the settings, in the two ways there are: a user may be forbidden either. */
export async function readSettings(client: Redis): Promise<ServerSettings> {
  const [config, persistence, memory] = await Promise.all([
    readConfig(client),
    readInfo(client, 'persistence'),
    readInfo(client, 'memory'),
  ]);
  const enabled = persistence.get('aof_enabled');
  const appendOnly = config.get('appendonly') ?? (enabled === '1' ? 'yes' : enabled && 'no');
  return {
    appendOnly: appendOnly === undefined ? null : appendOnly === 'yes',
    appendFsync: config.get('appendfsync') ?? null,
    evictionPolicy: config.get('maxmemory-policy') ?? memory.get('maxmemory_policy') ?? null,
  };
}

/** What a receipt means with these settings, as one phrase. */
export function guaranteeOf({ appendOnly, appendFsync, evictionPolicy }: ServerSettings): string {
  const eviction =
    evictionPolicy === 'noeviction'
      ? ''
      : evictionPolicy === null
        ? '; whether Redis evicts jobs when its memory is full is unknown'
        : `; Redis evicts jobs when its memory is full (${evictionPolicy})`;
  return `${durabilityOf(appendOnly, appendFsync)}${eviction}`;
}

function durabilityOf(appendOnly: boolean | null, appendFsync: string | null): string {
  if (appendOnly === null) return 'Redis has carried it out; how safe that is on disk is unknown';
  if (!appendOnly) {
    return 'in the memory of Redis; what is newer than its last snapshot is gone when it ends (appendonly no)';
  }
  switch (appendFsync) {
    case 'always':
      return 'on the disk of Redis: synced before the receipt is sent (appendfsync always)';
    case 'everysec':
      return 'in the file of Redis; up to the last second is gone when its machine fails (appendfsync everysec)';
    case 'no':
      return 'in the file of Redis; up to the last half minute is gone when its machine fails (appendfsync no)';
    default:
      return 'in the file of Redis; how often that is synced is unknown';
  }
}

/** @throws IiiError STORE_FAILED when Redis may throw jobs away and nobody allowed that */
export function checkEviction({ evictionPolicy }: ServerSettings, place: string): void {
  if (evictionPolicy === null || evictionPolicy === 'noeviction') return;
  throw new IiiError(
    'STORE_FAILED',
    `Redis at ${place} throws data away when its memory is full: maxmemory-policy is ${evictionPolicy}.`,
    {
      reason: 'Jobs that were accepted could vanish without a word.',
      hint: 'Set maxmemory-policy noeviction in Redis, or allow_eviction: true in the adapter.',
    },
  );
}

async function readConfig(client: Redis): Promise<ReadonlyMap<string, string>> {
  const settings = new Map<string, string>();
  for (const name of ['appendonly', 'appendfsync', 'maxmemory-policy']) {
    const answer: unknown = await client.config('GET', name).catch(() => []);
    const value: unknown = Array.isArray(answer) ? answer[1] : undefined;
    if (typeof value === 'string') settings.set(name, value);
  }
  return settings;
}

async function readInfo(client: Redis, section: string): Promise<ReadonlyMap<string, string>> {
  const text = await client.info(section).catch(() => '');
  return new Map(
    text
      .split('\r\n')
      .map((line) => line.split(':'))
      .filter((parts): parts is [string, string] => parts.length === 2),
  );
}
