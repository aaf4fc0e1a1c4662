import type { Clock } from '../../base/clock.ts';
import { IiiError } from '../../base/errors.ts';
import type { Job, QueuePolicy } from '../../queue/types.ts';
import type { JobSource, LeftBehind, SourceCounts, SourceJob } from '../job-source.ts';
import type { Broker } from './broker.ts';
import { asUnavailable } from './broker-errors.ts';
import { refuseMove } from './move-journal.ts';
import { SourceCopies } from './source-copies.ts';
import { SourcePass } from './source-pass.ts';
import { movingOf, type Topology } from './topology.ts';

/** How long a reader that may just have been killed has to go. */
const GOING_MS = 200;
const GOING_LOOKS = 15;
/** Readings, each of what came while the one before went on. */
const MOST_PASSES = 10;

export interface BrokerSourceParts {
  readonly broker: Broker;
  readonly topology: Topology;
  readonly clock: Clock;
  readonly location: string;
  /** Settings of the queues it has. */
  readonly policies: readonly QueuePolicy[];
}

/**
 * A broker as a source of jobs, while no engine uses it. Nobody can look into its queues without leaving
 * a mark: an engine takes a job that was handed out before for one that was interrupted. So before they
 * are moved only the lengths are told. When they are moved, each is held until it is safe in the target;
 * what is held when a run is killed goes back to its place.
 *
 * While jobs are moved away no engine starts here: it would run what was moved last a second time.
 */
export class BrokerSource implements JobSource {
  readonly location: string;
  readonly #parts: BrokerSourceParts;
  readonly #policies: Map<string, QueuePolicy>;
  #pass: SourcePass | undefined;
  #left: readonly LeftBehind[] = [];

  constructor(parts: BrokerSourceParts) {
    this.#parts = parts;
    this.location = parts.location;
    this.#policies = new Map(parts.policies.map((policy) => [policy.name, policy]));
  }

  know(policies: readonly QueuePolicy[]): void {
    for (const policy of policies) {
      if (!this.#policies.has(policy.name)) this.#policies.set(policy.name, policy);
    }
  }

  check(): Promise<void> {
    return this.#ask(async () => {
      const { topology } = this.#parts;
      await refuseMove(topology, this.location);
      for (const policy of this.#policies.values()) {
        const { main, retry, dead } = topology.names.of(policy);
        for (const queue of [main, retry]) await this.#refuseReaders(queue);
        for (const queue of [main, retry, dead].map(movingOf)) {
          if (await topology.exists(queue)) throw unfinished(queue);
        }
      }
    });
  }

  stats(): Promise<ReadonlyMap<string, SourceCounts>> {
    return this.#ask(async () => {
      const { topology } = this.#parts;
      const all = new Map<string, SourceCounts>();
      const counted = new Set<string>();
      for (const policy of this.#policies.values()) {
        const { main, retry, dead } = topology.names.of(policy);
        const waiting = (await topology.readyIn(main)) + (await topology.readyIn(retry));
        // several queues may keep their dead jobs in one place
        const isCounted = counted.has(dead);
        counted.add(dead);
        all.set(policy.name, {
          waiting,
          delayed: 0,
          inFlight: 0,
          dead: isCounted ? 0 : await topology.readyIn(dead),
          paused: await topology.exists(topology.names.pausedFlag(policy.name)),
        });
      }
      return all;
    });
  }

  countUntold(): Promise<number> {
    return this.#ask(async () => {
      const { topology } = this.#parts;
      let count = 0;
      for (const queue of topology.names.delays()) count += await topology.readyIn(queue);
      return count;
    });
  }

  look(): null {
    return null;
  }

  async *take(): AsyncGenerator<readonly SourceJob[]> {
    const { topology } = this.#parts;
    const copies = new SourceCopies();
    try {
      await topology.setFlag(topology.names.leaving, true);
      for (let passes = 1, hasMore = true; hasMore; passes++) {
        if (passes > MOST_PASSES) throw busy(this.location);
        const pass = new SourcePass({ ...this.#parts, policies: this.#policies, copies });
        this.#pass = pass;
        yield* pass.slices();
        this.#left = pass.left;
        hasMore = await pass.close();
      }
    } catch (thrown) {
      throw asUnavailable(this.location, thrown);
    }
  }

  remove(jobs: readonly Job[]): Promise<void> {
    return this.#ask(async () => this.#pass?.remove(jobs));
  }

  left(): readonly LeftBehind[] {
    return this.#left;
  }

  finish(): Promise<void> {
    return this.#ask(() => {
      const { topology } = this.#parts;
      return topology.setFlag(topology.names.leaving, false);
    });
  }

  /** What was not removed goes back to its place with the connection. */
  close(): Promise<void> {
    return this.#parts.broker.close();
  }

  async #refuseReaders(queue: string): Promise<void> {
    const { topology, clock } = this.#parts;
    let users = await topology.readersOf(queue);
    for (let look = 0; look < GOING_LOOKS && users > 0; look++) {
      await new Promise<void>((resolve) => {
        clock.after(GOING_MS, resolve);
      });
      users = await topology.readersOf(queue);
    }
    if (users === 0) return;
    throw new IiiError('CONFLICT', `Engines use the source: ${queue} has ${users} readers.`, {
      hint: 'Stop them first; the broker forgets an engine that was killed within ten seconds.',
    });
  }

  async #ask<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (thrown) {
      throw asUnavailable(this.location, thrown);
    }
  }
}

function unfinished(queue: string): IiiError {
  return new IiiError('CONFLICT', `A change of the source has not ended: ${queue} is there.`, {
    reason: 'An engine that changed the settings of a queue ended in the middle.',
    hint: 'Start the engine of the source once and stop it: it ends the change.',
  });
}

function busy(location: string): IiiError {
  return new IiiError('CONFLICT', `Jobs still come to RabbitMQ at ${location}.`, {
    reason: 'Another program publishes there. What came until now was moved.',
    hint: 'Stop the programs that publish there, then run the same command again.',
  });
}
