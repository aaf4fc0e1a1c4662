import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Lease, Verdict } from '../../src/queue/types.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { journaled } from '../../src/stores/file/open-store.ts';
import { newJob, offerOf, policyOf } from '../support/store-fixture.ts';

// A process of its own: change-loop.ts FOLDER [TURN_BYTES]. Changes a store in every way there is, and prints a
// line before and after each change: `begins NAME`, then `done NAME ID`, `refused WHY` or `fatal WHY`.
const [path = '', turnBytes = '2000000'] = process.argv.slice(2);
const ROUNDS = 4;
/** Longer than a store waits before it tries again. */
const RETRY_MS = 700;
const FATAL_STATUS = 9;
const DEAD: Verdict = {
  ...{ kind: 'dead', reason: 'exhausted', countsAttempt: true },
  error: { code: 'boom', message: 'as planned' },
};

const say = (text: string): void => {
  writeSync(1, `${text}\n`);
};
const clock = new SystemClock();
const store = new FileStore({
  clock,
  log: silentLogger,
  path,
  openRecords: journaled(Number(turnBytes)),
  onFatal: (error) => {
    say(`fatal ${error.message}`);
    process.exit(FATAL_STATUS);
  },
});
await store.open([policyOf('q')]);
for (let round = 0; round < ROUNDS; round++) {
  const id = randomUUID();
  await change('append', id, () => store.append([newJob(id, clock.now())]));
  await settle(id, 'die', DEAD);
  const selection = { queues: ['q'], ids: [id], limit: 1 };
  await change('redrive', id, () => store.redrive(selection));
  await settle(id, 'complete', { kind: 'complete' });
  const other = randomUUID();
  await change('append', other, () => store.append([newJob(other, clock.now())]));
  await change('cancel', other, () => store.cancel([other]));
  await change('pause', 'q', () => store.pause('q', true));
  await change('resume', 'q', () => store.pause('q', false));
}
await store.close();

async function settle(id: string, name: string, verdict: Verdict): Promise<void> {
  let leases: readonly Lease[] = [];
  while (leases.length === 0) {
    leases = await store.lease({ queue: 'q', limit: 1, offer: offerOf(null) });
    if (leases.length === 0) await rest();
  }
  const epoch = leases[0]?.epoch ?? 0;
  await change(name, id, () =>
    store.settle([{ id, epoch, verdict, record: null, at: clock.now() }]),
  );
}

/** Tries until it is done. */
async function change(name: string, id: string, act: () => Promise<unknown>): Promise<void> {
  for (;;) {
    say(`begins ${name}`);
    try {
      await act();
      say(`done ${name} ${id}`);
      return;
    } catch (thrown) {
      say(`refused ${String(thrown)}`);
      await rest();
    }
  }
}

function rest(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, RETRY_MS);
  });
}
