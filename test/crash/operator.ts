import { randomInt } from 'node:crypto';
import type { Answer } from './caller.ts';
import { Caller } from './caller.ts';
import type { CommandName, LineOf, QueueView } from './history.ts';
import { HistoryWriter, monotonicMs } from './history.ts';
import { GROUPED, PLAIN } from './job-plan.ts';

// A process of its own: operator.ts URL HISTORY-FILE. Redrives, discards, cancels, pauses and looks
// until it is sent a message; then nothing is paused any more.
const [url = '', file = ''] = process.argv.slice(2);

const QUEUES = [PLAIN, GROUPED];
const LONGEST_REST_MS = 60;
const PAUSED_MS = { least: 100, most: 1_500 };
const BECOMES_QUIET_MS = 1_000;
const POLL_MS = 10;
const PAGE = 200;
const ENDED = 40;
/** Jobs of one command, at most. */
const MOST = { redrive: 80, discard: 3, cancel: 4 };
const AGAIN_SHARE = 0.3;

const history = new HistoryWriter(file);
const caller = new Caller(url);
const stop = new AbortController();
let lastNumber = 0;

process.on('message', () => {
  stop.abort();
});

const ACTS = [redrive, redrive, redrive, discard, cancel, pauseForAWhile, look, lookAtEnded];
while (!stop.signal.aborted) {
  await caller.whenOpen();
  await ACTS[randomInt(ACTS.length)]?.(QUEUES[randomInt(QUEUES.length)] ?? PLAIN);
  await rest(Math.random() * LONGEST_REST_MS);
}
for (const queue of QUEUES) await resume(queue);
caller.stop();
process.disconnect();
await history.close();

async function redrive(queue: string): Promise<void> {
  const ids = await someOf('iii::dlq::list', { queue, limit: PAGE }, MOST.redrive);
  if (ids.length === 0) return;
  const effect = missingFrom(ids, 'redriven');
  await command('redrive', queue, ids, 'iii::dlq::redrive', { queue, ids }, effect);
  if (Math.random() >= AGAIN_SHARE) return;
  await command('redrive', queue, ids, 'iii::dlq::redrive', { queue, ids }, effect, true);
}

async function discard(queue: string): Promise<void> {
  const ids = await someOf('iii::dlq::list', { queue, limit: PAGE }, MOST.discard);
  if (ids.length === 0) return;
  const effect = missingFrom(ids, 'discarded');
  await command('discard', queue, ids, 'iii::dlq::discard', { queue, ids }, effect);
}

async function cancel(queue: string): Promise<void> {
  const states = ['waiting', 'delayed'];
  const ids = await someOf('iii::job::list', { queue, states, limit: PAGE }, MOST.cancel);
  if (ids.length === 0) return;
  await command('cancel', queue, ids, 'iii::job::cancel', { ids }, (value) => {
    const { skipped } = value as { skipped: readonly { id: string }[] };
    return ids.filter((id) => !skipped.some((other) => other.id === id));
  });
}

/** Pauses a queue for longer than most lives of the engine last. */
async function pauseForAWhile(queue: string): Promise<void> {
  const none = (): readonly string[] => [];
  const answer = await command('pause', queue, [], 'iii::queue::pause', { queue }, none);
  if (answer.kind === 'result') {
    const from = monotonicMs();
    while (monotonicMs() < from + BECOMES_QUIET_MS) {
      const seen = (await look()).find(({ name }) => name === queue);
      if (seen?.paused === true && seen.inFlight === 0) {
        history.write({ kind: 'quiet', at: monotonicMs(), queue });
        break;
      }
      await rest(POLL_MS);
    }
    await rest(randomInt(PAUSED_MS.least, PAUSED_MS.most));
    await caller.whenOpen();
    await look();
  }
  await resume(queue);
}

/** Asks until the answer comes: a queue that stayed paused would never be done. */
async function resume(queue: string): Promise<void> {
  const none = (): readonly string[] => [];
  for (;;) {
    await caller.whenOpen();
    const answer = await command('resume', queue, [], 'iii::queue::resume', { queue }, none);
    if (answer.kind === 'result') return;
    await rest(POLL_MS);
  }
}

/** Writes down the counts of all queues. */
async function look(): Promise<readonly QueueView[]> {
  const answer = await caller.call('iii::queue::list');
  if (answer.kind !== 'result') return [];
  const { queues } = answer.value as { queues: readonly QueueView[] };
  const ours = queues.filter(({ name }) => QUEUES.includes(name));
  const views = ours.map(({ name, paused, waiting, delayed, inFlight, dead, totals }) => {
    return { name, paused, waiting, delayed, inFlight, dead, totals };
  });
  history.write({ kind: 'looked', at: monotonicMs(), queues: views });
  return views;
}

/** Writes down some jobs that have ended. */
async function lookAtEnded(queue: string): Promise<void> {
  for (const state of ['completed', 'dead', 'discarded'] as const) {
    const asked = monotonicMs();
    const ids = await idsOf('iii::job::list', { queue, states: [state], limit: ENDED });
    if (ids.length > 0) history.write({ kind: 'seen', asked, at: monotonicMs(), state, ids });
  }
}

/** @param effect the jobs it was carried out for, read from the result */
async function command(
  name: CommandName,
  queue: string,
  ids: readonly string[],
  functionId: string,
  data: unknown,
  effect: (value: unknown) => readonly string[],
  again = false,
): Promise<Answer> {
  const number = ++lastNumber;
  const line: LineOf<'command'> = {
    ...{ kind: 'command', at: monotonicMs(), number, command: name, queue, ids, again },
  };
  history.write(line);
  const answer = await caller.call(functionId, data);
  const at = monotonicMs();
  if (answer.kind === 'result') {
    history.write({ kind: 'effect', at, number, ids: effect(answer.value) });
  } else {
    const error = answer.kind === 'error' ? answer.message : null;
    history.write({ kind: 'uncertain', at, number, error });
  }
  return answer;
}

/** What is left of the jobs without those the answer did not find; the count has to agree. */
function missingFrom(ids: readonly string[], count: 'redriven' | 'discarded') {
  return (value: unknown): readonly string[] => {
    const result = value as { notFound?: readonly string[] } & Record<typeof count, number>;
    const moved = ids.filter((id) => result.notFound?.includes(id) !== true);
    if (moved.length !== result[count])
      throw new Error(`${result[count]} ${count}, not ${moved.length}`);
    return moved;
  };
}

/** Up to `most` ids from anywhere in a page. */
async function someOf(functionId: string, data: unknown, most: number): Promise<string[]> {
  const ids = await idsOf(functionId, data);
  const from = randomInt(ids.length + 1);
  return ids.slice(from, from + most);
}

async function idsOf(functionId: string, data: unknown): Promise<string[]> {
  const answer = await caller.call(functionId, data);
  if (answer.kind !== 'result') return [];
  const { jobs } = answer.value as { jobs: readonly { id: string }[] };
  return jobs.map(({ id }) => id);
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
