import type { Settlement } from '../../queue/store.ts';
import { attemptsCounted, interruptionsCounted } from '../../queue/verdict.ts';
import { Batcher } from './batcher.ts';
import type { RedisContext } from './context.ts';
import { runScript } from './context.ts';
import { writeFailure, writeHistory } from './job-text.ts';
import { RedisFailure } from './redis-errors.ts';
import type { RedisQueue, Times } from './redis-queue.ts';
import { SETTLE } from './scripts/settle.ts';

/** Settlements carried out by one script call, at most. */
const SETTLE_BATCH = 500;

/** A settlement and the queue that the lease is of. */
interface Ending {
  readonly queue: RedisQueue;
  readonly settlement: Settlement;
}

/** Ends leases: all of a moment in one step. */
export class Settler {
  readonly #context: RedisContext;
  readonly #endings: Batcher<Ending, boolean>;
  /** Leases whose end may have been carried out although no answer came. */
  readonly #uncertain = new Set<string>();

  constructor(context: RedisContext) {
    this.#context = context;
    this.#endings = new Batcher((batch) => this.#settle(batch), { mostWeight: SETTLE_BATCH });
  }

  /** Answers whether it was applied. @throws RedisFailure */
  settle(queue: RedisQueue, settlement: Settlement): Promise<boolean> {
    return this.#endings.add({ queue, settlement });
  }

  /** Resolves when every end so far is on its way: what is sent then comes after it. */
  sent(): Promise<void> {
    return this.#endings.sent();
  }

  async #settle(batch: readonly Ending[]): Promise<boolean[]> {
    try {
      const queues = [...new Set(batch.map(({ queue }) => queue))];
      const numbers = new Map(queues.map((queue, index) => [queue, String(index + 1)]));
      const args = batch.flatMap((ending) => [
        numbers.get(ending.queue) ?? '1',
        ...this.#argumentsOf(ending),
      ]);
      const names = queues.map(({ name }) => name);
      const retained = queues.map(({ retain }) => String(retain));
      // the places that become free are filled in the same turn
      this.#context.connection.gather();
      const answer = await runScript(this.#context, SETTLE, names, [...retained, ...args]);
      const [times, applied] = answer as [Times[], number[]];
      for (const [index, queue] of queues.entries()) queue.note(times[index] ?? NO_TIMES);
      for (const { queue, settlement } of batch) {
        this.#uncertain.delete(keyOf(settlement));
        queue.forget(settlement.id, settlement.epoch);
      }
      return applied.map((one) => one === 1);
    } catch (thrown) {
      if (thrown instanceof RedisFailure && thrown.uncertain) {
        for (const { settlement } of batch) this.#uncertain.add(keyOf(settlement));
      }
      throw thrown;
    }
  }

  /** See `scripts/settle.ts`. */
  #argumentsOf({ queue, settlement }: Ending): string[] {
    const { id, epoch, verdict, record, at } = settlement;
    const attempts = attemptsCounted(verdict);
    const failures = verdict.kind === 'retry' ? 1 : verdict.kind === 'dead' ? attempts : 0;
    const history =
      record === null ? { text: '', bytes: 0 } : writeHistory(queue.historyOf(id), record);
    return [
      id,
      String(epoch),
      this.#uncertain.has(keyOf(settlement)) ? '1' : '',
      { complete: 'c', retry: 'r', return: 'b', dead: 'x' }[verdict.kind],
      String(attempts),
      String(interruptionsCounted(verdict)),
      String(failures),
      verdict.kind === 'retry' ? String(Math.max(0, verdict.dueAt - at)) : '0',
      String(history.bytes),
      history.text,
      verdict.kind === 'dead' ? writeFailure(verdict.reason, verdict.error) : '',
    ];
  }
}

const NO_TIMES: Times = [0, -1, -1];

function keyOf({ id, epoch }: Settlement): string {
  return `${id} ${epoch}`;
}
