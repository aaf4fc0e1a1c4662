import type { Clock } from '../../base/clock.ts';
import type { OutputStream } from '../io.ts';

const SHOW_AFTER_MS = 300;
const REPEAT_MS = 10_000;

/** Says on stderr that something takes its time. */
export interface Progress {
  /** Changes what is said. */
  update(text: string): void;
  /** Takes it off the terminal; to be called before the output comes. */
  stop(): void;
}

/** A spinner on a terminal once 300 ms have passed, elsewhere one line every 10 seconds. */
export function startProgress(stream: OutputStream, clock: Clock, first: string): Progress {
  return stream.isTerminal ? spin(stream, clock, first) : repeat(stream, clock, first);
}

export const noProgress: Progress = { update: () => undefined, stop: () => undefined };

function spin(stream: OutputStream, clock: Clock, first: string): Progress {
  let text = first;
  let stopped = false;
  let spinner: { text: string; stop(): unknown } | undefined;
  const show = async (): Promise<void> => {
    const { default: ora } = await import('ora');
    // Asked again after the load: the work may have ended meanwhile.
    if (!isStopped()) {
      spinner = ora({ text, stream: stream.raw, discardStdin: false, hideCursor: false }).start();
    }
  };
  const isStopped = (): boolean => stopped;
  const cancel = clock.after(SHOW_AFTER_MS, () => {
    void show();
  });
  return {
    update: (next) => {
      text = next;
      if (spinner !== undefined) spinner.text = next;
    },
    stop: () => {
      stopped = true;
      cancel();
      spinner?.stop();
    },
  };
}

function repeat(stream: OutputStream, clock: Clock, first: string): Progress {
  let text = first;
  let cancel = clock.after(REPEAT_MS, say);
  function say(): void {
    stream.write(`${text}\n`).catch(() => undefined);
    cancel = clock.after(REPEAT_MS, say);
  }
  return {
    update: (next) => {
      text = next;
    },
    stop: () => cancel(),
  };
}

/** A bar of a given share, for the text of a progress: `[#####-----] 50%`. */
export function bar(share: number, width = 20): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${String(Math.floor(share * 100))}%`;
}
