import { systemRandom } from '../../base/random.ts';
import { BENCH_PREFIX, clearLeftBehind } from '../bench/left-behind.ts';
import { configuredPlace, ownPlace } from '../bench/place.ts';
import { asIiiError, type Bench, BenchSession } from '../bench/session.ts';
import { readRate } from '../bulk/pace.ts';
import type { RunCommand } from '../command.ts';
import type { Context } from '../context.ts';
import type { CommandInput } from '../input.ts';
import { countOf, writeCount } from '../../base/count.ts';
import { describeFailure } from '../report.ts';
import { usageError } from '../usage.ts';
import { benchRecord, type BenchResult } from '../views/bench.ts';
import { reasonOf } from '../wait.ts';

const DEFAULT_DURATION_MS = 10_000;
/** When a number of jobs ends it. */
const LONGEST_MS = 86_400_000;
const DEFAULT_OUTSTANDING = 100;
/** With a rate it only keeps an engine that cannot keep up from being buried. */
const DEFAULT_OUTSTANDING_AT_RATE = 10_000;
const DEFAULT_PAYLOAD_BYTES = 300;
const MAX_PAYLOAD_BYTES = 10_000_000;
const DEFAULT_GROUPS = 100;
/** Share of the time from which on this process is what limits. */
const BUSY_PERCENT = 90;

const LOST = 1;
const PARTLY_DONE = 3;

export const run: RunCommand = async (context, input) => {
  const { output } = context;
  const bench = await readBench(context, input);
  const { place, functionId, payloadBytes, outstanding, ratePerSecond } = bench;
  const about = {
    ...{ queue: place.queue, ownQueue: place.kind === 'own', functionId },
    ...{ payloadBytes, outstanding, ratePerSecond },
  };
  if (input.flag('dryRun')) {
    const sentence = `Jobs for ${functionId} would go through ${place.queue}, and nothing would stay.`;
    await output.done({ ...about, dryRun: true }, sentence, place.queue);
    return 0;
  }
  const cleared = await clearLeftBehind(await context.engine());
  if (cleared > 0) {
    await output.note(
      `What ${countOf(cleared, 'bench', 'benches')} left that did not end in order is gone.`,
    );
  }
  context.afterInterrupt = 'what the bench had made in the engine is gone again';
  const progress = output.progress(`making load on ${context.settings.target().url}`);
  let session: BenchSession | undefined;
  let busy: number;
  try {
    session = await BenchSession.open(context, bench);
    const before = performance.eventLoopUtilization();
    await session.run();
    busy = performance.eventLoopUtilization(before).utilization;
  } finally {
    await session?.close();
    progress.stop();
  }
  const { load } = session;
  const result: BenchResult = {
    ...about,
    durationMs: load.durationMs,
    enqueued: load.enqueued,
    failed: load.failed,
    completed: load.completed,
    lost: load.lost,
    duplicates: load.duplicates,
    enqueuePerSecond: load.enqueuePerSecond,
    jobsPerSecond: load.jobsPerSecond,
    receiptMs: load.receipts.read(),
    doneMs: load.ends.read(),
    generatorBusyPercent: Math.round(busy * 100),
  };
  await output.record(result, benchRecord);
  if (result.generatorBusyPercent >= BUSY_PERCENT) {
    await output.note('This process was busy all the time; the engine may do more: run it twice.');
  }
  if (context.signal.aborted) throw reasonOf(context.signal);
  return judge(context, result, load.failure);
};

/** Lost jobs are a failure; refused ones too, unless others were taken. */
async function judge(context: Context, result: BenchResult, failure: unknown): Promise<number> {
  const { lost, failed, enqueued } = result;
  const why = asIiiError(failure);
  if (failed > 0 && enqueued === 0) throw why;
  if (failed > 0) {
    await context.output.problem(
      `${countOf(failed, 'enqueue')} failed, the last with:\n${describeFailure(why, false)}`,
    );
  }
  if (lost > 0) return LOST;
  return failed > 0 ? PARTLY_DONE : 0;
}

async function readBench(context: Context, input: CommandInput): Promise<Bench> {
  const rate = readRate(input.text('rate'));
  const jobs = input.count('jobs', 1);
  const groups = input.count('groups', 1);
  const payloadBytes = input.count('payloadBytes', 1) ?? DEFAULT_PAYLOAD_BYTES;
  if (payloadBytes > MAX_PAYLOAD_BYTES) {
    throw usageError(
      `--payload-bytes is at most ${writeCount(MAX_PAYLOAD_BYTES)}`,
      'give a smaller one, such as --payload-bytes 300',
      `${writeCount(payloadBytes)} bytes do not go through a connection as one message`,
    );
  }
  const durationMs = input.duration('duration');
  if (durationMs === 0)
    throw usageError(
      '--duration is nothing',
      'give a longer one, such as --duration 10s',
      'in no time no job can be sent',
    );
  const outstanding = input.count('outstanding', 1);
  const queue = input.text('queue');
  const engine = await context.engine();
  const id = `${BENCH_PREFIX}${systemRandom.uuid().slice(0, 8)}`;
  return {
    jobs: jobs ?? Number.POSITIVE_INFINITY,
    durationMs: durationMs ?? (jobs === undefined ? DEFAULT_DURATION_MS : LONGEST_MS),
    outstanding:
      outstanding ?? (rate === undefined ? DEFAULT_OUTSTANDING : DEFAULT_OUTSTANDING_AT_RATE),
    ratePerSecond: rate ?? null,
    patienceMs: context.settings.timeoutMs,
    payloadBytes,
    groups: groups ?? DEFAULT_GROUPS,
    topic: id,
    functionId: id,
    place:
      queue === undefined
        ? ownPlace(id, id, groups !== undefined)
        : await configuredPlace(engine, queue),
  };
}
