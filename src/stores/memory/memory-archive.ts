import type { Archive } from '../../queue/archive.ts';

/** Bundles in memory; gone when the process ends. */
export class MemoryArchive implements Archive {
  readonly #bundles = new Map<string, string[]>();

  async append(bundle: string, lines: readonly string[]): Promise<void> {
    const known = this.#bundles.get(bundle);
    if (known === undefined) this.#bundles.set(bundle, [...lines]);
    else known.push(...lines);
  }

  async *read(bundle: string): AsyncGenerator<readonly string[]> {
    yield this.#bundles.get(bundle) ?? [];
  }

  async remove(bundle: string): Promise<void> {
    this.#bundles.delete(bundle);
  }
}
