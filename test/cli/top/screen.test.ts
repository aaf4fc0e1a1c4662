import { describe, expect, it } from 'vitest';
import { textWidth } from '../../../src/cli/output/width.ts';
import type { TopModel } from '../../../src/cli/top/model.ts';
import { drawScreen } from '../../../src/cli/top/screen.ts';
import { mailQueue } from '../../support/samples.ts';
import { plainLook, topModel, type } from './top-fixture.ts';

const SIZES = [
  { columns: 40, rows: 12 },
  { columns: 80, rows: 24 },
  { columns: 200, rows: 30 },
];

async function draw(model: TopModel, size: { columns: number; rows: number }): Promise<string> {
  const lines = await drawScreen(model, size, plainLook(size.columns));
  expect(lines).toHaveLength(size.rows);
  for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(size.columns);
  return lines.map((line) => line.trimEnd()).join('\n');
}

describe.each(SIZES)('on $columns x $rows', (size) => {
  it.each([
    ['all queues', ''],
    ['one queue', 'j\r'],
    ['its dead jobs', 'jd'],
    ['a question', 'jr'],
    ['the keys', '?'],
  ])('shows %s', async (_name, keys) => {
    expect(await draw(type(topModel(), keys).model, size)).toMatchSnapshot();
  });
});

it('keeps the selected line on the screen, however many queues there are', async () => {
  const queues = Array.from({ length: 100 }, (_, index) => ({
    ...mailQueue,
    name: `queue-${String(index).padStart(3, '0')}`,
  }));
  const { model } = type(topModel({ queues }), 'j'.repeat(70));
  const screen = await draw(model, { columns: 80, rows: 24 });
  expect(screen).toContain('> queue-070');
});

it('says that the engine does not answer, and keeps what it knew', async () => {
  const lost = { ...topModel(), lost: 'connection refused' };
  const screen = await draw(lost, { columns: 100, rows: 24 });
  expect(screen).toContain('no answer: connection refused');
  expect(screen).toContain('payment');
});

it('shows a screen of any size, even a tiny one', async () => {
  for (const rows of [1, 2, 3, 5]) await draw(topModel(), { columns: 20, rows });
});

it.each(['', 'jj\r', 'jjd', '?', 'jjr'])(
  'keeps to its columns with long names, after %j',
  async (keys) => {
    const name = 'a-queue-with-a-very-long-name-that-no-narrow-terminal-can-show-whole';
    const long = { ...mailQueue, name: `z-${name}`, dead: 3, waiting: 123_456_789 };
    const wide = { ...mailQueue, name: '注文の支払い待ち行列・長い名前・東京' };
    const { model } = type(topModel({ queues: [mailQueue, wide, long] }), keys);
    for (const size of SIZES) await draw(model, size);
  },
);

it('shows keys whole in its last line, as many as fit', async () => {
  const lines = await drawScreen(topModel(), { columns: 40, rows: 12 }, plainLook(40));
  expect(lines.at(-1)).toBe('q quit  ? help  enter open  d dead');
});
