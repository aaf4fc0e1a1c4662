import { expect, it } from 'vitest';
import type { Io } from '../../../src/cli/io.ts';
import { Terminal } from '../../../src/cli/top/terminal.ts';

const SIZE = { columns: 20, rows: 3 };
const ESC = '\u001b';

/** A terminal, and what it was told: text, and whether keys come one by one. */
function openTerminal() {
  const told: (string | boolean)[] = [];
  const io = {
    stdout: {
      write: (text: string) => {
        told.push(text);
        return Promise.resolve();
      },
    },
    setRawKeys: (raw: boolean) => told.push(raw),
  } as unknown as Io;
  return { terminal: new Terminal(io), told };
}

it('writes the lines that are new, and nothing when there are none', async () => {
  const { terminal, told } = openTerminal();
  await terminal.enter();
  await terminal.draw(['a', 'b', 'c'], SIZE);
  told.length = 0;
  await terminal.draw(['a', 'B', 'c'], SIZE);
  await terminal.draw(['a', 'B', 'c'], SIZE);
  expect(told).toEqual([`${ESC}[2;1H${ESC}[KB`]);
});

it.each(['another size', 'forgetting', 'coming back'])('draws all of it after %s', async (what) => {
  const { terminal, told } = openTerminal();
  await terminal.enter();
  await terminal.draw(['a', 'b'], SIZE);
  if (what === 'forgetting') terminal.forget();
  if (what === 'coming back') {
    await terminal.leave();
    await terminal.enter();
  }
  told.length = 0;
  await terminal.draw(['a', 'b'], what === 'another size' ? { ...SIZE, columns: 21 } : SIZE);
  expect(told).toEqual([`${ESC}[2J${ESC}[1;1H${ESC}[Ka${ESC}[2;1H${ESC}[Kb`]);
});

it('undoes when it leaves what it did, and draws no more', async () => {
  const { terminal, told } = openTerminal();
  await terminal.enter();
  await terminal.leave();
  await terminal.draw(['a'], SIZE);
  expect(told).toEqual([
    true,
    `${ESC}[?1049h${ESC}[?25l${ESC}[?7l`,
    false,
    `${ESC}[?7h${ESC}[?25h${ESC}[?1049l`,
  ]);
});
