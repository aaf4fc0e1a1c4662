import { connect } from '../../admin/client.ts';
import { IiiError, isErrorCode, messageOf } from '../../base/errors.ts';
import type * as Sdk from '../../sdk/sdk.ts';
import type { Registered, Worker } from '../../sdk/worker.ts';
import type { Context } from '../context.ts';
import { pause } from '../wait.ts';
import { discardJobsOf } from './left-behind.ts';
import { Load, type LoadPlan } from './load.ts';
import { payloadMaker, type Place } from './place.ts';

/** Number of the job that shows that the way is open, and of the call before it; neither is counted. */
const FIRST = -1;
const CALLED = -2;
/** Time for what is on its way after Ctrl-C, and for each step of tidying up. */
const SHORT_MS = 5_000;
/** Attempts at once in a queue of its own, at most. */
const MAX_CONCURRENCY = 1_000;

/** What a bench does, and under which names. */
export interface Bench extends LoadPlan {
  readonly payloadBytes: number;
  /** FIFO: groups the jobs are spread over. */
  readonly groups: number;
  readonly topic: string;
  /** Nobody else has a function of this name. */
  readonly functionId: string;
  readonly place: Place;
}

/** One bench in an engine: its worker, its subscription, its load. What it makes there it takes away. */
export class BenchSession {
  readonly load: Load;
  readonly #context: Context;
  readonly #bench: Bench;
  readonly #worker: Worker;
  readonly #subscription: Registered | undefined;
  readonly #send: (seq: number) => Promise<unknown>;
  /** Whether there may be something to take away. */
  #isKnown = false;
  #onProblem: (problem: Error) => void = () => undefined;
  #onFirstRan: () => void = () => undefined;

  /** Connects and sends one job through; rejects when that does not come out at the other end. */
  static async open(context: Context, bench: Bench): Promise<BenchSession> {
    const sdk = await import('../../sdk/sdk.ts');
    const session = new BenchSession(context, bench, sdk);
    try {
      await session.#openWay();
      return session;
    } catch (thrown) {
      await session.close();
      throw asIiiError(thrown);
    }
  }

  private constructor(
    context: Context,
    bench: Bench,
    { registerWorker, TriggerAction }: typeof Sdk,
  ) {
    this.#context = context;
    this.#bench = bench;
    const { url, token } = context.settings.target();
    const { functionId, place, topic } = bench;
    const worker = registerWorker(url, {
      name: 'iii bench',
      token: token()?.reveal() ?? '',
      invocationTimeoutMs: bench.patienceMs,
      onProblem: (problem) => {
        this.#onProblem(problem);
      },
    });
    const payloadOf = payloadMaker(bench.payloadBytes, place, bench.groups);
    const action = TriggerAction.Enqueue({ queue: place.queue });
    this.#worker = worker;
    this.#send = (seq) =>
      place.kind === 'own'
        ? worker.publish(topic, payloadOf(seq))
        : worker.trigger({ function_id: functionId, payload: payloadOf(seq), action });
    this.load = new Load(bench, {
      clock: context.clock,
      readMs: () => performance.now(),
      send: this.#send,
    });
    worker.registerFunction(functionId, ({ seq }: { readonly seq: number }) => {
      if (seq === FIRST) this.#onFirstRan();
      else if (seq >= 0) this.load.arrived(seq);
      return null;
    });
    if (place.kind === 'own') this.#subscription = this.#subscribe();
  }

  /** Makes the load; a stop in between lets what is on its way come in. */
  async run(): Promise<void> {
    const { signal } = this.#context;
    const stop = (): void => {
      this.load.stop(SHORT_MS);
    };
    signal.addEventListener('abort', stop);
    try {
      const running = this.load.run();
      if (signal.aborted) stop();
      await running;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Takes away what the bench made, and says how to do so where it could not. */
  async close(): Promise<void> {
    const { functionId, topic, place } = this.#bench;
    try {
      if (this.load.left > 0) await this.#discardLeft();
    } catch (thrown) {
      await this.#context.output.problem(
        `Jobs of ${functionId} may be left in ${place.queue} (${messageOf(thrown)}): ` +
          `iii job list ${place.queue} --where 'function="${functionId}"'`,
      );
    }
    this.#subscription?.unregister();
    await this.#worker.shutdown({ graceMs: SHORT_MS });
    if (place.kind === 'configured' || !this.#isKnown) return;
    try {
      await this.#unsubscribe();
    } catch (thrown) {
      await this.#context.output.problem(
        `The queue of the bench may be left (${messageOf(thrown)}): ` +
          `iii topic unsubscribe ${topic} ${functionId}`,
      );
    }
  }

  #subscribe(): Registered {
    const { functionId, topic, place, outstanding } = this.#bench;
    const { groupField } = place;
    const order = groupField === null ? {} : { type: 'fifo', message_group_field: groupField };
    const concurrency = Math.min(outstanding, MAX_CONCURRENCY);
    return this.#worker.registerTrigger({
      type: 'queue',
      function_id: functionId,
      config: { topic, queue_config: { concurrency, ...order } },
    });
  }

  async #openWay(): Promise<void> {
    const { clock, signal } = this.#context;
    const { patienceMs, place } = this.#bench;
    const over = new AbortController();
    const tooLate = pause(clock, patienceMs, AbortSignal.any([signal, over.signal])).then(() => {
      throw new IiiError('TIMEOUT', `a first job in ${place.queue} did not run in time`, {
        reason: `nothing came back within ${patienceMs} ms`,
        hint: 'see whether the queue is busy: iii queue list',
      });
    });
    tooLate.catch(() => undefined);
    const firstRan = new Promise<void>((resolve) => {
      this.#onFirstRan = resolve;
    });
    const problem = new Promise<never>((_resolve, reject) => {
      this.#onProblem = reject;
    });
    const way = async (): Promise<void> => {
      await this.#worker.ready();
      this.#isKnown = true;
      await this.#checkOffer();
      await this.#send(FIRST);
      await firstRan;
    };
    try {
      await Promise.race([way(), problem, tooLate]);
    } finally {
      over.abort();
      this.#onProblem = () => undefined;
    }
  }

  /** A token that may not offer functions is told so by nothing but the function not being there. */
  async #checkOffer(): Promise<void> {
    try {
      await this.#worker.call(this.#bench.functionId, { seq: CALLED });
    } catch (thrown) {
      const { code } = thrown as { readonly code?: unknown };
      if (code !== 'function_not_found') throw thrown;
      throw new IiiError('FORBIDDEN', 'this token may not offer functions', {
        reason: 'the engine did not take the function of the bench',
        hint: 'a bench needs the role worker or admin',
      });
    }
  }

  async #discardLeft(): Promise<void> {
    const { functionId, place } = this.#bench;
    await this.#asOperator((engine) => discardJobsOf(functionId, place.queue, engine));
  }

  /** The worker has said so already; this is for a connection that was lost in between. */
  async #unsubscribe(): Promise<void> {
    const { functionId, topic } = this.#bench;
    await this.#asOperator(async (engine) => {
      try {
        await engine.call('iii::topic::unsubscribe', { topic, functionId });
      } catch (thrown) {
        const code = thrown instanceof IiiError ? thrown.code : '';
        // A token of a worker may not look; what the worker itself said was carried out in order.
        if (code !== 'NOT_FOUND' && code !== 'FORBIDDEN') throw thrown;
      }
    });
  }

  /** A connection of its own: that of the command is over when Ctrl-C was pressed. */
  async #asOperator(
    work: (engine: Awaited<ReturnType<typeof connect>>) => Promise<void>,
  ): Promise<void> {
    const { settings, clock } = this.#context;
    const { url, token } = settings.target();
    const engine = await connect({ url, token: token(), timeoutMs: SHORT_MS, clock });
    try {
      await work(engine);
    } finally {
      await engine.close();
    }
  }
}

/** What the SDK rejects with, as the errors of the command line. */
export function asIiiError(thrown: unknown): unknown {
  if (thrown instanceof IiiError || !(thrown instanceof Error)) return thrown;
  const { code, hint } = thrown as { readonly code?: unknown; readonly hint?: string };
  if (typeof code !== 'string') return thrown;
  return new IiiError(isErrorCode(code) ? code : 'ENGINE_UNREACHABLE', thrown.message, {
    hint: hint ?? (isErrorCode(code) ? undefined : 'see whether the engine runs: iii queue list'),
    ...(isErrorCode(code) ? {} : { details: { code } }),
  });
}
