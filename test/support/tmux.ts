import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { eventually } from './eventually.ts';
import { cleanEnvironment } from './engine-process.ts';

/** Whether there is a tmux to drive a terminal with. */
export const hasTmux = spawnSync('tmux', ['-V']).status === 0;

/** A program on a terminal of a given size, whose keys are typed and whose screen is read. */
export class TmuxScreen {
  readonly #server = `iii-${randomUUID()}`;

  constructor(command: readonly string[], size: { columns: number; rows: number }) {
    const { columns, rows } = size;
    const quoted = command.map((word) => `'${word}'`).join(' ');
    // the shell stays, so that the status can be read from the screen
    const script = `${quoted}; echo "ended with $?"; exec cat`;
    this.#run('new-session', '-d', '-x', String(columns), '-y', String(rows), script);
  }

  /** What is on the screen. */
  text(): string {
    return this.#run('capture-pane', '-p');
  }

  /** Names of keys as tmux has them: `q`, `Down`, `Escape`. */
  press(...keys: string[]): void {
    this.#run('send-keys', ...keys);
  }

  resize(columns: number, rows: number): void {
    this.#run('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Whether the program has the other screen, and whether there is a cursor. */
  state(): { readonly isOther: boolean; readonly hasCursor: boolean } {
    const flags = this.#run('display-message', '-p', '#{alternate_on}#{cursor_flag}').trim();
    return { isOther: flags.startsWith('1'), hasCursor: flags.endsWith('1') };
  }

  /** Waits until the screen shows this. */
  async shows(text: string | RegExp): Promise<string> {
    return eventually(() => {
      const screen = this.text();
      const found = typeof text === 'string' ? screen.includes(text) : text.test(screen);
      if (!found) throw new Error(`the screen does not show ${String(text)}:\n${screen}`);
      return screen;
    }, 20_000);
  }

  /** Waits until the program has ended, and answers its exit status. */
  async status(): Promise<number> {
    const screen = await this.shows(/ended with \d+/);
    return Number(/ended with (\d+)/.exec(screen)?.[1]);
  }

  close(): void {
    spawnSync('tmux', ['-L', this.#server, 'kill-server']);
  }

  #run(...words: string[]): string {
    return execFileSync('tmux', ['-L', this.#server, '-u', ...words], {
      encoding: 'utf8',
      env: cleanEnvironment({ TERM: 'screen-256color', NO_COLOR: '1' }),
    });
  }
}
