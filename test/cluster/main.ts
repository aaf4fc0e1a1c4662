import { parseArgs } from 'node:util';
import { systemRandom } from '../../src/base/random.ts';
import { eventually, pause } from '../support/eventually.ts';
import { ClusterProducer, ClusterWorker } from './client.ts';
import { CONCURRENCY, Member } from './member.ts';
import { startStore } from './shared-store.ts';
import { Sink } from './sink.ts';

// Three engines on one store are killed, frozen and cut off at random, while twelve workers run the
// jobs of a hundred groups. What the sink saw is held against what is promised.
const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'redis' },
    seconds: { type: 'string', default: '1800' },
  },
});
const seconds = Number(values.seconds);

const ENGINES = 3;
const WORKERS_PER_ENGINE = 4;
const GROUPS = 100;
const SAMPLE_MS = 50;
const REPORT_MS = 60_000;
/** What is left is lost when none of it was done for so long: slow machines take their time. */
const STANDSTILL_MS = 30_000;
const FAULTS = ['kill', 'freeze', 'cut', 'hold'] as const;

const store = await startStore(values.store);
if (typeof store === 'string') {
  console.log(`no cluster test: ${store}`);
  process.exit(process.env['CI'] === 'true' ? 1 : 0);
}

const { groupConcurrency } = store;
const sink = new Sink(GROUPS);
const members = await Promise.all(
  Array.from({ length: ENGINES }, (_, index) => Member.start(`engine ${index + 1}`, store)),
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
      store.paceMs,
    ),
);

let mostInFlight = 0;
let mostPerEngine = 0;
let isOver = false;
const sampling = sample(() => store.inFlight());
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
const drainFrom = performance.now();
const lost = await drain();
const drainMs = performance.now() - drainFrom;
isOver = true;
await sampling;
report();
console.log(`  the last faults healed and the rest was done in ${(drainMs / 1_000).toFixed(1)} s`);

const problems = [
  ...sink.violations,
  ...(lost.length > 0 ? [`lost: ${lost.slice(0, 10).join(', ')} (${lost.length})`] : []),
  ...(mostInFlight > groupConcurrency
    ? [`${mostInFlight} groups in flight at once, of ${groupConcurrency}`]
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
await store.stop();
for (const problem of problems.slice(0, 20)) console.log(`WRONG: ${problem}`);
console.log(
  problems.length === 0
    ? `cluster on ${values.store}: nothing lost, no overlap`
    : `cluster on ${values.store}: broken promises`,
);
process.exit(problems.length === 0 ? 0 : 1);

/** Waits until all is done that has a receipt; answers what never was. */
async function drain(): Promise<string[]> {
  let before = sink.commits;
  for (;;) {
    const next = (): boolean => sink.lost().length === 0 || sink.commits > before;
    const moves = await eventually(next, STANDSTILL_MS).catch(() => false);
    if (!moves || sink.lost().length === 0) return sink.lost();
    before = sink.commits;
  }
}

/** Looks again and again how many are in flight, over all engines and at each. */
async function sample(inStore: () => Promise<number | null>): Promise<void> {
  while (!isOver) {
    const perEngine = workers.map((own) => own.reduce((sum, { active }) => sum + active, 0));
    mostPerEngine = Math.max(mostPerEngine, ...perEngine);
    // where the store does not tell, one engine runs the queue
    mostInFlight = Math.max(mostInFlight, (await inStore()) ?? Math.max(...perEngine));
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
      `in flight at most ${mostInFlight} of ${groupConcurrency}, per engine ${mostPerEngine} of ${CONCURRENCY}`,
      `faults: ${faults.join(', ')}; violations ${sink.violations.length}`,
    ].join('\n  '),
  );
}

function pick<Item>(items: readonly Item[]): Item {
  return items[Math.floor(systemRandom.fraction() * items.length)] as Item;
}
