import { RawClient } from '../support/raw-client.ts';
import type { QueueView } from './history.ts';
import { monotonicMs } from './history.ts';

/** A dead job as the dead-letter queue describes it. */
export interface DeadEntry {
  readonly id: string;
  readonly group: string | null;
  readonly attempts: number;
  readonly reason: string;
  readonly error: { readonly code: string; readonly message: string };
  readonly enqueuedAt: string;
  readonly payloadText: string;
}

/** All that the engine says when everything has come to rest. */
export interface Dump {
  /** Every job it lists. */
  readonly jobs: readonly { readonly id: string; readonly state: string }[];
  readonly dead: readonly DeadEntry[];
  readonly queues: readonly QueueView[];
  /** What to take from the time of day to get the monotonic clock. */
  readonly dayOffsetMs: number;
}

const PAGE = 1_000;
const POLL_MS = 100;

/** Waits until no job can run any more, or the time is over, and asks for all there is. */
export async function takeDump(url: string, deadlineMs: number): Promise<Dump> {
  const client = await RawClient.connect(url);
  try {
    const endsAt = monotonicMs() + deadlineMs;
    let queues = await listQueues(client);
    while (queues.some(isBusy) && monotonicMs() < endsAt) {
      await new Promise((resolve) => {
        setTimeout(resolve, POLL_MS);
      });
      queues = await listQueues(client);
    }
    const jobs = await allPages<Dump['jobs'][number]>(client, 'iii::job::list', {});
    const dead: DeadEntry[] = [];
    for (const { name } of queues) {
      dead.push(...(await allPages<DeadEntry>(client, 'iii::dlq::list', { queue: name })));
    }
    return {
      jobs: jobs.map(({ id, state }) => ({ id, state })),
      dead: dead.map(({ id, group, attempts, reason, error, enqueuedAt, payloadText }) => {
        return { id, group, attempts, reason, error, enqueuedAt, payloadText };
      }),
      queues,
      dayOffsetMs: Date.now() - monotonicMs(),
    };
  } finally {
    client.terminate();
  }
}

export function isBusy({ waiting, delayed, inFlight }: QueueView): boolean {
  return waiting + delayed + inFlight > 0;
}

async function listQueues(client: RawClient): Promise<readonly QueueView[]> {
  const { queues } = await client.call<{ queues: readonly QueueView[] }>('iii::queue::list');
  return queues.map(({ name, paused, waiting, delayed, inFlight, dead, totals }) => {
    return { name, paused, waiting, delayed, inFlight, dead, totals };
  });
}

async function allPages<Item>(
  client: RawClient,
  functionId: string,
  data: object,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const page: { jobs: readonly Item[]; nextCursor: string | null } = await client.call(
      functionId,
      { ...data, limit: PAGE, ...(cursor === null ? {} : { cursor }) },
    );
    items.push(...page.jobs);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return items;
}
