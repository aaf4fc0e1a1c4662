import type { TaskView } from '../../../src/admin/bulk-contract.ts';
import { policy, startEngine, type EngineFixture } from '../../support/engine-fixture.ts';

const POLICIES = [
  policy('payment', { maxAttempts: 1, backoffMs: 1, retainCompleted: 100 }),
  policy('ledger', { maxAttempts: 1, type: 'fifo', groupField: 'account' }),
  policy('other', { maxAttempts: 1 }),
];

export interface Stage extends EngineFixture {
  /** What a worker does with the jobs from now on: `null` lets them succeed. */
  fails: string | null;
  ran: unknown[];
  wait(id: string): Promise<TaskView>;
  start(input: object): Promise<TaskView>;
  dead(queue?: string): Promise<number>;
}

export async function openStage(): Promise<Stage> {
  const fixture = await startEngine(POLICIES);
  const worker = fixture.worker();
  const stage: Stage = {
    ...fixture,
    fails: null,
    ran: [],
    start: async (input) => (await fixture.admin('iii::task::start', input)) as TaskView,
    wait: async (id) => {
      let task = await fixture.engine.tasks.wait(id, 0);
      // what workers answer needs a turn of the clock
      for (let turn = 0; turn < 100 && task.state === 'running'; turn++) {
        await fixture.advance();
        task = await fixture.engine.tasks.wait(id, 0);
      }
      return (await fixture.admin('iii::task::wait', { id, timeoutMs: 1 })) as TaskView;
    },
    dead: async (queue = 'payment') =>
      (await fixture.engine.store.stats()).get(queue)?.dead ?? Number.NaN,
  };
  worker.offer('f', 'g');
  worker.onDelivery = (frame) => {
    stage.ran.push(frame['data']);
    return stage.fails === null ? {} : { error: { code: 'boom', message: stage.fails } };
  };
  return stage;
}

/** Makes dead jobs that say this. */
export async function die(
  stage: Stage,
  count: number,
  message: (n: number) => string,
  queue = 'payment',
) {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    stage.fails = message(n);
    ids.push(await stage.enqueue('f', { n, account: n % 3 }, { queue }));
    await stage.advance();
  }
  stage.fails = null;
  stage.ran = [];
  await stage.advance(10);
  return ids;
}
