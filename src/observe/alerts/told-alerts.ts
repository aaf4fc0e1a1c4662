import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';

/** Where alerts are kept over a restart: small texts by key. */
export interface AlertRecords {
  list(): Promise<ReadonlyMap<string, string>>;
  /** `null` takes it away. */
  set(key: string, text: string | null): Promise<void>;
}

/** An alert that its receiver knows to be firing. */
export interface ToldAlert {
  readonly since: number;
  readonly toldAt: number;
  /** Jobs that had died, and when the last of them was seen; 0 of what is read from queues. */
  readonly deaths: number;
  readonly seenAt: number;
}

/**
 * What receivers have been told, over a restart. Only what was delivered is kept: what was not is told
 * by the next start. Writes follow one another, and nobody waits for them.
 */
export class ToldAlerts {
  readonly #records: AlertRecords;
  readonly #log: Logger;
  #writing: Promise<void> = Promise.resolve();

  constructor(records: AlertRecords, log: Logger) {
    this.#records = records;
    this.#log = log;
  }

  /** The alerts of one rule by queue. Rejects when they cannot be read. */
  async load(ruleId: string): Promise<ReadonlyMap<string, ToldAlert>> {
    const found = new Map<string, ToldAlert>();
    for (const [key, text] of await this.#records.list()) {
      const alert = key.startsWith(`${ruleId}:`) ? read(text) : undefined;
      if (alert !== undefined) found.set(key.slice(ruleId.length + 1), alert);
    }
    return found;
  }

  keep(ruleId: string, queue: string, alert: ToldAlert | null): void {
    const text = alert === null ? null : JSON.stringify(alert);
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#records.set(`${ruleId}:${queue}`, text);
      } catch (thrown) {
        const error = messageOf(thrown);
        this.#log.warn('what an alert told could not be kept', { queue, error });
      }
    });
  }
}

/** `undefined` when it is not what is written here. */
function read(text: string): ToldAlert | undefined {
  let value: Partial<ToldAlert>;
  try {
    value = JSON.parse(text) as Partial<ToldAlert>;
  } catch {
    return undefined;
  }
  const { since, toldAt, deaths, seenAt } = value;
  if (since === undefined || toldAt === undefined) return undefined;
  if (deaths === undefined || seenAt === undefined) return undefined;
  return { since, toldAt, deaths, seenAt };
}
