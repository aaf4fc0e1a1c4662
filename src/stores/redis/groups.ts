import type { GroupMember, GroupScan, ScannedGroup } from '../../queue/store.ts';
import type { RedisContext } from './context.ts';
import { runScript } from './context.ts';
import { groupKey, groupOf, readMember } from './job-text.ts';
import { GROUPS } from './scripts/browse.ts';

/** Heads in one answer of Redis, roughly. */
const HEADS = 1_000;
/** Jobs that one script reads, at most: a few milliseconds. */
const JOBS = 250;

/** A group as it stands in keys, and its head as it stands in sorted sets, its place in front. */
type Head = readonly [key: string, member: string];

/** The groups of a queue by their heads, which Redis keeps: their other jobs are only counted. */
export async function* scanGroups(
  context: RedisContext,
  { queue, only, most }: GroupScan,
): AsyncGenerator<readonly ScannedGroup[]> {
  const keys = only === null ? await keysByHead(context, queue) : only.map(groupKey);
  const slice = Math.max(1, Math.floor(JOBS / most));
  for (let from = 0; from < keys.length; from += slice) {
    const args = [String(most), ...keys.slice(from, from + slice)];
    const answer = (await runScript(context, GROUPS, [queue], args)) as (string | number)[];
    const groups = readGroups(answer);
    if (groups.length > 0) yield groups;
  }
}

/** Every group, the one with the oldest head first. */
async function keysByHead(
  { connection, keys }: RedisContext,
  queue: string,
): Promise<readonly string[]> {
  const heads = new Map<string, string>();
  let cursor = '0';
  do {
    const [next, flat] = await connection.call((client) =>
      client.hscan(keys.heads(queue), cursor, 'COUNT', HEADS),
    );
    for (let at = 0; at < flat.length; at += 2) heads.set(flat[at] ?? '', flat[at + 1] ?? '');
    cursor = next;
  } while (cursor !== '0');
  return [...heads].sort(byMember).map(([key]) => key);
}

function byMember([, a]: Head, [, b]: Head): number {
  return a < b ? -1 : 1;
}

function readGroups(answer: readonly (string | number | readonly string[])[]): ScannedGroup[] {
  const groups: ScannedGroup[] = [];
  for (let at = 0; at < answer.length; at += 4) {
    const [key, jobs, facts, texts] = answer.slice(at, at + 4) as [
      string,
      number,
      string,
      readonly string[],
    ];
    const first: GroupMember[] = [];
    for (let text = 0; text < texts.length; text += 2) {
      first.push(readMember(texts[text] ?? '', texts[text + 1] ?? ''));
    }
    if (first.length > 0) groups.push({ group: groupOf(key, facts), jobs, first });
  }
  return groups;
}
