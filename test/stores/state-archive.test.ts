import { describe, expect, it } from 'vitest';
import { StateArchive } from '../../src/stores/state-archive.ts';
import { sharedStates } from '../support/shared-state.ts';

const LINE = JSON.stringify({ payload: 'x'.repeat(100_000) });

async function linesOf(archive: StateArchive, bundle: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const piece of archive.read(bundle)) lines.push(...piece);
  return lines;
}

describe('bundles in a shared state', () => {
  it('are read by any engine, in the order in which any wrote', async () => {
    const [one, two] = sharedStates(2).map((state) => new StateArchive(state));
    await one!.append('b', ['{"n":1}', '{"n":2}']);
    await two!.append('b', ['{"n":3}']);
    await one!.append('other', ['{}']);
    expect(await linesOf(one!, 'b')).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
    expect(await linesOf(two!, 'b')).toEqual(await linesOf(one!, 'b'));
    expect(await linesOf(one!, 'unknown')).toEqual([]);
  });

  it('hold long lines in several values, and leave nothing behind when they are removed', async () => {
    const [state] = sharedStates(1);
    const archive = new StateArchive(state!);
    const lines = Array.from({ length: 5 }, (_, at) => `${LINE}${at}`);
    await archive.append('b', lines);
    expect(await linesOf(archive, 'b')).toEqual(lines);
    const values = [...(await state!.list('iii::undo::b')).values()];
    expect(Math.max(...values.map((value) => value.length))).toBeLessThan(300_000);
    await archive.remove('b');
    await archive.remove('b');
    expect(await state!.scopes()).toEqual([]);
  });
});
