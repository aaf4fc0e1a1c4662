import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { newJob, policyOf } from '../support/store-fixture.ts';

// A process of its own: append-loop.ts FOLDER. Prints each receipt, and how it went with the others.
const [path = ''] = process.argv.slice(2);
const JOBS = 20;
/** Longer than a store waits before it tries again. */
const RETRY_MS = 700;
const FATAL_STATUS = 9;

const say = (text: string): void => {
  writeSync(1, `${text}\n`);
};
const store = new FileStore({
  clock: new SystemClock(),
  log: silentLogger,
  path,
  onFatal: (error) => {
    say(`fatal ${error.message}`);
    process.exit(FATAL_STATUS);
  },
});
await store.open([policyOf('q')]);
for (let count = 0; count < JOBS; count++) {
  try {
    const [receipt] = await store.append([newJob(randomUUID(), 0)]);
    say(`receipt ${receipt?.id ?? ''}`);
  } catch (thrown) {
    say(`refused ${String(thrown)}`);
    await new Promise((resolve) => {
      setTimeout(resolve, RETRY_MS);
    });
  }
}
await store.close();
