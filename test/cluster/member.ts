import { pause } from '../support/eventually.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { Relay } from '../support/relay.ts';
import { LEASE_MS, type SharedStore } from './shared-store.ts';

/** Attempts of one engine at once. */
export const CONCURRENCY = 9;

const configOf = (store: SharedStore, port: number): string => `
workers:
  - name: iii-queue
    config:
      adapter: ${store.adapter(port)}
      queue_configs:
        work:
          type: fifo
          message_group_field: group
          group_concurrency: ${store.groupConcurrency}
          concurrency: ${CONCURRENCY}
          max_retries: 1000
          max_interruptions: 1000
          backoff_ms: 20
          max_backoff_ms: 200
`;

/** One engine of a cluster, with a relay between it and the store, and what can be done to it. */
export class Member {
  readonly name: string;
  readonly faults: Record<'kill' | 'freeze' | 'cut' | 'hold', number> = {
    kill: 0,
    freeze: 0,
    cut: 0,
    hold: 0,
  };
  /** Whether something is being done to it. */
  busy = false;
  #engine: EngineProcess | undefined;
  readonly #store: SharedStore;
  readonly #relay: Relay;

  private constructor(name: string, store: SharedStore, relay: Relay) {
    this.name = name;
    this.#store = store;
    this.#relay = relay;
  }

  static async start(name: string, store: SharedStore): Promise<Member> {
    const member = new Member(name, store, await Relay.to(store.port));
    await member.#start();
    return member;
  }

  get url(): string | undefined {
    return this.#engine?.url;
  }

  get stderr(): string {
    return this.#engine?.stderr ?? '';
  }

  /** Does one thing to it and undoes that after a while. */
  async suffer(fault: keyof Member['faults'], forMs: number): Promise<void> {
    const engine = this.#engine;
    if (this.busy || engine === undefined) return;
    this.busy = true;
    this.faults[fault]++;
    switch (fault) {
      case 'kill':
        this.#engine = undefined;
        engine.kill('SIGKILL');
        await engine.close();
        await pause(forMs / 2);
        await this.#start();
        break;
      case 'freeze':
        engine.kill('SIGSTOP');
        await pause(LEASE_MS + forMs);
        engine.kill('SIGCONT');
        break;
      case 'cut':
        this.#relay.cut();
        break;
      case 'hold':
        this.#relay.hold();
        await pause(LEASE_MS / 2 + forMs);
        this.#relay.release();
    }
    this.busy = false;
  }

  async stop(): Promise<void> {
    await this.#engine?.stop();
    await this.#engine?.close();
    this.#relay.close();
  }

  async #start(): Promise<void> {
    this.#engine = await EngineProcess.start({
      config: configOf(this.#store, this.#relay.port),
      configuredStore: true,
      args: ['--grace', '2s'],
    });
  }
}
