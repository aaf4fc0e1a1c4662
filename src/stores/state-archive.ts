import type { Archive } from '../queue/archive.ts';
import type { StateStore } from '../state/store.ts';

/** What one value holds, at most, unless a single line is longer. Characters, not bytes. */
const PIECE_LENGTH = 256 * 1024;
/** Key under which a bundle says how many pieces it has. */
const COUNT = 'pieces';

/** Bundles as values of a state store: shared by the engines that share that, and as safe. */
export class StateArchive implements Archive {
  readonly #state: StateStore;

  constructor(state: StateStore) {
    this.#state = state;
  }

  async append(bundle: string, lines: readonly string[]): Promise<void> {
    for (const piece of piecesOf(lines)) {
      const { before } = await this.#state.update(scopeOf(bundle), COUNT, (count = '0') =>
        String(Number(count) + 1),
      );
      const text = JSON.stringify(piece);
      await this.#state.update(scopeOf(bundle), before ?? '0', () => text);
    }
  }

  async *read(bundle: string): AsyncGenerator<readonly string[]> {
    const count = await this.#count(bundle);
    for (let at = 0; at < count; at++) {
      const text = await this.#state.get(scopeOf(bundle), String(at));
      // an engine that was killed may have counted a piece without writing it
      if (text !== undefined) yield JSON.parse(text) as readonly string[];
    }
  }

  async remove(bundle: string): Promise<void> {
    const count = await this.#count(bundle);
    for (let at = 0; at < count; at++) {
      await this.#state.update(scopeOf(bundle), String(at), () => undefined);
    }
    await this.#state.update(scopeOf(bundle), COUNT, () => undefined);
  }

  async #count(bundle: string): Promise<number> {
    return Number((await this.#state.get(scopeOf(bundle), COUNT)) ?? 0);
  }
}

function scopeOf(bundle: string): string {
  return `iii::undo::${bundle}`;
}

function piecesOf(lines: readonly string[]): string[][] {
  const pieces: string[][] = [];
  let length = Infinity;
  for (const line of lines) {
    length += line.length;
    if (length > PIECE_LENGTH) {
      pieces.push([]);
      length = line.length;
    }
    pieces.at(-1)?.push(line);
  }
  return pieces;
}
