import { IiiError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { ScopedValues } from '../../state/scoped-values.ts';
import type { StateStore } from '../../state/store.ts';
import { GroupCommit } from './group-commit.ts';
import type { OpenedStore, OpenRecords } from './open-store.ts';
import { openStore } from './open-store.ts';
import { moveDamage } from './put-aside.ts';
import { readValues } from './read-values.ts';
import type { RecordDamage } from './recover.ts';
import { openFailed, storeDamaged, writeFailed } from './store-errors.ts';
import { encodeValue, valueKey } from './value-record.ts';

export interface FileStateStoreParts {
  readonly log: Logger;
  /** The folder; made when it is not there. */
  readonly path: string;
  /** Put damaged records aside and go on, instead of refusing to open. */
  readonly repair?: boolean;
  /** Called once when the files can no longer be trusted: the process has to end and start again. */
  readonly onFatal?: (error: IiiError) => void;
  /** Another database than LMDB: for tests. */
  readonly openRecords?: OpenRecords;
}

interface Open extends OpenedStore {
  readonly commits: GroupCommit;
}

/** A value that is on its way to the disk. */
interface Ahead {
  readonly value: string | undefined;
}

/**
 * Keeps values in a folder of its own: all of them in memory, each as one record of an LMDB database.
 * A change can be read, and is answered, when it has been synced; changes that come while the disk is
 * busy are written together.
 */
export class FileStateStore implements StateStore {
  readonly #parts: FileStateStoreParts;
  /** What is on disk. */
  readonly #values = new ScopedValues();
  /** What the next change of a value begins with, by its key in the database. */
  readonly #ahead = new Map<string, Ahead>();
  #opened: Open | undefined;
  #failure: IiiError | null = null;

  constructor(parts: FileStateStoreParts) {
    this.#parts = parts;
  }

  async open(): Promise<void> {
    const opened = await openStore(this.#parts);
    const { folder, records } = opened;
    const commits = new GroupCommit({
      commit: (batch) => records.commit(batch),
      complete: () => undefined,
      applied: () => undefined,
      failed: (failure) => {
        const error = writeFailed(folder, failure);
        this.#parts.log.error('the state cannot be written', { error: error.message });
        if (failure.fatal) {
          this.#failure = error;
          this.#parts.onFatal?.(error);
        }
        return error;
      },
    });
    try {
      await this.#recover({ ...opened, commits });
    } catch (thrown) {
      await opened.close();
      throw openFailed(folder, thrown);
    }
    this.#opened = { ...opened, commits };
  }

  async get(scope: string, key: string): Promise<string | undefined> {
    return this.#values.get(scope, key);
  }

  async list(scope: string): Promise<ReadonlyMap<string, string>> {
    return this.#values.list(scope);
  }

  async scopes(): Promise<readonly string[]> {
    return this.#values.scopes();
  }

  async update(
    scope: string,
    key: string,
    change: (before: string | undefined) => string | undefined,
  ): Promise<{ readonly before: string | undefined; readonly after: string | undefined }> {
    const { commits } = this.#writable();
    const id = valueKey(scope, key);
    const pending = this.#ahead.get(id);
    const before = pending === undefined ? this.#values.get(scope, key) : pending.value;
    const after = change(before);
    const { batch } = commits;
    if (after === undefined) batch.remove('values', id);
    else encodeValue(batch.begin('values', id), { scope, key, text: after });
    const ahead: Ahead = { value: after };
    this.#ahead.set(id, ahead);
    const settle = (): void => {
      if (this.#ahead.get(id) === ahead) this.#ahead.delete(id);
    };
    await commits.join({
      apply: () => {
        this.#values.put(scope, key, after);
        settle();
      },
      undo: settle,
    });
    return { before, after };
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    if (opened === undefined) return;
    if (this.#failure === null) await opened.commits.drain();
    await opened.close();
  }

  async #recover({ folder, records, commits }: Open): Promise<void> {
    const damages: RecordDamage[] = [];
    readValues(records, {
      value: ({ scope, key, text }) => this.#values.put(scope, key, text),
      damage: (damage) => damages.push(damage),
    });
    if (damages.length === 0) return;
    if (this.#parts.repair !== true) throw storeDamaged(folder, damages);
    for (const damage of damages) {
      this.#parts.log.error('a damaged record was put aside', { ...damage });
      commits.record((batch) => moveDamage(records, batch, damage));
    }
    await commits.drain();
    if (this.#failure !== null) throw new Error(this.#failure.message, { cause: this.#failure });
  }

  #writable(): Open {
    if (this.#failure !== null) throw this.#failure;
    if (this.#opened !== undefined) return this.#opened;
    throw new IiiError('UNAVAILABLE', 'The state is not open.', { details: { retryable: true } });
  }
}
