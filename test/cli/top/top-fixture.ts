import type { EventView } from '../../../src/admin/event-contract.ts';
import { ManualClock } from '../../../src/base/clock.ts';
import { plain } from '../../../src/cli/output/color.ts';
import type { Look } from '../../../src/cli/output/output.ts';
import { renderTable } from '../../../src/cli/output/table.ts';
import { createWords } from '../../../src/cli/output/words.ts';
import { type Snapshot, startModel, takeSnapshot } from '../../../src/cli/top/model.ts';
import { readKeys } from '../../../src/cli/top/keys.ts';
import { press, type Effect, type TopModel } from '../../../src/cli/top/model.ts';
import { ago, deadJob, mailQueue, NOW, paymentQueue } from '../../support/samples.ts';

export const INFO = {
  version: '1.2.3',
  protocol: '0.22',
  pid: 1,
  startedAt: ago(60_000),
  now: ago(0),
  store: 'file',
  guarantee: 'on disk',
  dataDir: './data',
  refusal: null,
};

const FAILURE: EventView = {
  seq: 1,
  at: ago(5_000),
  kind: 'job_retried',
  queue: 'payment',
  id: deadJob.id,
  attempt: 2,
  error: { code: 'card_declined', message: 'the bank said no\nand closed the door' },
};

export const SNAPSHOT: Snapshot = {
  queues: [paymentQueue, mailQueue],
  workers: [],
  failures: [FAILURE, { ...FAILURE, seq: 2, kind: 'job_dead', reason: 'exhausted' }],
  dead: [deadJob, { ...deadJob, id: '22222222-5d0b-4f43-9d3b-0a8f4f6f2c11' }],
};

/** A live view that has heard from the engine. */
export function topModel(changes: Partial<Snapshot> = {}): TopModel {
  const model = startModel(INFO, 'ws://127.0.0.1:49134');
  return takeSnapshot(model, { ...SNAPSHOT, ...changes });
}

/** Types into a view; answers the view and everything the keys asked for. */
export function type(model: TopModel, keys: string): { model: TopModel; effects: Effect[] } {
  const effects: Effect[] = [];
  let now = model;
  for (const key of readKeys(keys)) {
    const step = press(now, key);
    now = step.model;
    if (step.effect !== undefined) effects.push(step.effect);
  }
  return { model: now, effects };
}

export function plainLook(columns: number): Look {
  const clock = new ManualClock(NOW);
  const words = createWords('relative', () => clock.now());
  return {
    paint: plain,
    words,
    table: (rows, shown) => renderTable(rows, shown, { paint: plain, words, width: columns - 2 }),
  };
}
