import { parseArgs } from 'node:util';
import { systemRandom } from '../../src/base/random.ts';
import { eventually, pause } from '../support/eventually.ts';
import { redisMissing, RedisServer } from '../support/redis-server.ts';
import { ClusterProducer, ClusterWorker } from './client.ts';
import { CONCURRENCY, GROUP_CONCURRENCY, Member } from './member.ts';
import { Sink } from './sink.ts';

// Three engines on one Redis are killed, frozen and cut off at random, while twelve workers run the
// jobs of a hundred groups. What the sink saw is held against what is promised.
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '1800' } } });
const seconds = Number(values.seconds);

const ENGINES = 3;
const WORKERS_PER_ENGINE = 4;
const GROUPS = 100;
const SAMPLE_MS = 50;
const REPORT_MS = 60_000;
const DRAIN_MS = 60_000;
const FAULTS = ['kill', 'freeze', 'cut', 'hold'] as const;

if (redisMissing !== null) {
  console.log(`no cluster test: ${redisMissing}`);
  process.exit(process.env['CI'] === 'true' ? 1 : 0);
}

const redis = await RedisServer.start(['--appendonly', 'yes', '--appendfsync', 'everysec']);
const sink = new Sink(GROUPS);
const members = await Promise.all(
  Array.from({ length: ENGINES }, (_, index) => Member.start(`engine ${index + 1}`, redis.port)),
);
const workers = members.map((member) =>
  Array.from({ length: WORKERS_PER_ENGINE }, () => new ClusterWorker(() => member.url, sink)),
);
const groups = Array.from({ length: GROUPS }, (_, group) => group);
const producers = members.map(
  (member, index) =>
    new ClusterProducer(
      () => member.url,
      sink,
      groups.filter((group) => group % ENGINES === index),
    ),
);

let mostInFlight = 0;
let mostPerEngine = 0;
let isOver = false;
const sampling = sample();
const endsAt = performance.now() + seconds * 1_000;
let reportAt = performance.now() + REPORT_MS;
const suffering = new Set<Promise<void>>();
while (performance.now() < endsAt) {
  await pause(1_000 + systemRandom.fraction() * 2_000);
  const member = pick(members);
  const done = member.suffer(pick(FAULTS), systemRandom.fraction() * 2_500);
  suffering.add(done);
  void done.finally(() => suffering.delete(done));
  if (performance.now() < reportAt) continue;
  report();
  reportAt += REPORT_MS;
}
for (const producer of producers) producer.finish();
await Promise.all(suffering);
const lost = await eventually(() => sink.lost().length === 0 && [], DRAIN_MS).catch(() =>
  sink.lost(),
);
isOver = true;
await sampling;
report();

const problems = [
  ...sink.violations,
  ...(lost.length > 0 ? [`lost: ${lost.slice(0, 10).join(', ')} (${lost.length})`] : []),
  ...(mostInFlight > GROUP_CONCURRENCY
    ? [`${mostInFlight} groups in flight at once, of ${GROUP_CONCURRENCY}`]
    : []),
  ...(mostPerEngine > CONCURRENCY
    ? [`${mostPerEngine} attempts of one engine at once, of ${CONCURRENCY}`]
    : []),
  ...(sink.commits < seconds * 10 ? [`only ${sink.commits} jobs were done`] : []),
];
for (const client of [...workers.flat(), ...producers]) client.stop();
if (problems.length > 0)
  for (const { name, stderr } of members) console.log(name, stderr.slice(-2_000));
await Promise.all(members.map((member) => member.stop()));
await redis.stop();
for (const problem of problems.slice(0, 20)) console.log(`WRONG: ${problem}`);
console.log(
  problems.length === 0 ? 'cluster: nothing lost, no overlap' : 'cluster: broken promises',
);
process.exit(problems.length === 0 ? 0 : 1);

/** Looks again and again how many are in flight, over all engines and at each. */
async function sample(): Promise<void> {
  while (!isOver) {
    const inFlight = Number(await redis.command('ZCARD', 'iii:{work}:i').catch(() => 0));
    mostInFlight = Math.max(mostInFlight, inFlight);
    for (const own of workers) {
      const active = own.reduce((sum, worker) => sum + worker.active, 0);
      mostPerEngine = Math.max(mostPerEngine, active);
    }
    await pause(SAMPLE_MS);
  }
}

function report(): void {
  const faults = FAULTS.map(
    (fault) => `${fault} ${members.reduce((sum, member) => sum + member.faults[fault], 0)}`,
  );
  const refused = producers.reduce((sum, producer) => sum + producer.refused, 0);
  console.log(
    [
      `receipts ${sink.receipts}, done ${sink.commits}, not yet ${sink.lost().length}`,
      `refused ${refused}, fenced ${sink.fenced}, done again ${sink.duplicates}`,
      `in flight at most ${mostInFlight} of ${GROUP_CONCURRENCY}, per engine ${mostPerEngine} of ${CONCURRENCY}`,
      `faults: ${faults.join(', ')}; violations ${sink.violations.length}`,
    ].join('\n  '),
  );
}

function pick<Item>(items: readonly Item[]): Item {
  return items[Math.floor(systemRandom.fraction() * items.length)] as Item;
}
