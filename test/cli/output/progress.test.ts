import { describe, expect, it } from 'vitest';
import { Writable } from 'node:stream';
import { ManualClock } from '../../../src/base/clock.ts';
import type { OutputStream } from '../../../src/cli/io.ts';
import { bar, startProgress } from '../../../src/cli/output/progress.ts';

function stream(isTerminal: boolean): OutputStream & { readonly written: string[] } {
  const written: string[] = [];
  const take = (text: string): void => {
    written.push(text);
  };
  return {
    written,
    isTerminal,
    columns: isTerminal ? 80 : undefined,
    rows: isTerminal ? 24 : undefined,
    raw: new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        take(chunk.toString());
        done();
      },
    }),
    write: async (text) => take(text),
  };
}

describe('progress', () => {
  it('is a line every 10 seconds where there is no terminal', async () => {
    const clock = new ManualClock();
    const stderr = stream(false);
    const progress = startProgress(stderr, clock, 'waiting');
    await clock.advance(9_999);
    expect(stderr.written).toEqual([]);
    await clock.advance(1);
    progress.update('still waiting');
    await clock.advance(10_000);
    progress.stop();
    await clock.advance(60_000);
    expect(stderr.written).toEqual(['waiting\n', 'still waiting\n']);
  });

  it('shows nothing on a terminal for what is done within 300 ms', async () => {
    const clock = new ManualClock();
    const stderr = stream(true);
    const progress = startProgress(stderr, clock, 'waiting');
    await clock.advance(299);
    progress.stop();
    await clock.advance(1_000);
    expect(stderr.written).toEqual([]);
  });

  it.each([
    [0, '[----------] 0%'],
    [0.5, '[#####-----] 50%'],
    [1, '[##########] 100%'],
  ])('has a bar for %d', (share, text) => {
    expect(bar(share, 10)).toBe(text);
  });
});
