import { cpus } from 'node:os';

/** What was measured, and what it should be. */
export interface Figure {
  readonly title: string;
  readonly value: number;
  readonly unit: string;
  /** `most`: at most, `least`: at least; `null` when there is no aim. */
  readonly aim: { readonly kind: 'most' | 'least'; readonly value: number } | null;
}

/** Collects figures, and tells each on standard error as it comes. */
export class Figures {
  readonly #figures: Figure[] = [];

  note(title: string, value: number, unit: string, aim: Figure['aim'] = null): void {
    this.#figures.push({ title, value, unit, aim });
    process.stderr.write(`${title}: ${value.toFixed(1)} ${unit}\n`);
  }

  /** Prints them as a table and as JSON. Answers whether every aim was met. */
  print(): boolean {
    const lines = this.#figures.map(({ title, value, unit, aim }) => {
      const met = aim === null ? '' : isMet(value, aim) ? 'met' : 'missed';
      const wanted = aim === null ? '' : `${aim.kind === 'most' ? '≤' : '≥'} ${aim.value}`;
      const shown = value.toFixed(value < 10 ? 2 : 0);
      return `${title.padEnd(56)} ${shown.padStart(9)} ${unit.padEnd(9)} ${wanted.padStart(8)} ${met}`;
    });
    lines.push(
      `file store, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}`,
      '',
      JSON.stringify({ figures: this.#figures }),
    );
    process.stdout.write(`${lines.join('\n')}\n`);
    return this.#figures.every(({ value, aim }) => aim === null || isMet(value, aim));
  }
}

function isMet(value: number, aim: NonNullable<Figure['aim']>): boolean {
  return aim.kind === 'most' ? value <= aim.value : value >= aim.value;
}
