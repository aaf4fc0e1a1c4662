import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { loadPaint } from '../../src/cli/output/color.ts';
import { createWords } from '../../src/cli/output/words.ts';
import { renderTable } from '../../src/cli/output/table.ts';
import { drawScreen } from '../../src/cli/top/screen.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { functionDetail, LIST_ANSWERS } from '../support/list-answers.ts';
import { runCli } from '../support/run-cli.ts';
import { jobDetail, NOW, paymentDetail } from '../support/samples.ts';
import { topModel } from './top/top-fixture.ts';

const COLUMNS = 80;
/** The backgrounds, and what a terminal has to say that has them. */
const ENVIRONMENTS = {
  any: { TERM: 'xterm-256color' },
  dark: { TERM: 'xterm-256color', COLORFGBG: '15;0' },
  light: { TERM: 'xterm-256color', COLORFGBG: '0;15' },
  weight: { TERM: 'linux' },
} as const;
type Name = keyof typeof ENVIRONMENTS;
const NAMES = Object.keys(ENVIRONMENTS) as readonly Name[];

const SCREENS = [
  'queue list',
  'queue show payment',
  `job list`,
  `job show ${jobDetail.id}`,
  'dlq list payment',
  'dlq errors payment',
  'group list payment',
  'topic list',
  'function show orders::charge',
  'task list',
];

let engine: FakeEngine;

beforeAll(async () => {
  engine = await FakeEngine.start({
    ...LIST_ANSWERS,
    'iii::queue::get': () => ({ ...paymentDetail, paused: true }),
    'iii::job::get': () => jobDetail,
    'iii::function::get': () => functionDetail,
  });
});

afterAll(() => engine.stop());

const visible = (text: string): string => text.replaceAll('\u001b', '␛');
const golden = (name: string, palette: Name): string =>
  `golden-color/${name.split(' ').slice(0, 2).join('-')}-${palette}.txt`;

async function show(screen: string, palette: Name): Promise<string> {
  const { stdout } = await runCli([...screen.split(' '), '--color', 'always'], {
    url: engine.url,
    clock: new ManualClock(NOW),
    columns: COLUMNS,
    env: ENVIRONMENTS[palette],
  });
  return stdout;
}

describe('the coloured screen', () => {
  it.each(SCREENS)('of %s', async (screen) => {
    await expect(visible(await show(screen, 'any'))).toMatchFileSnapshot(golden(screen, 'any'));
  });

  it.each(NAMES.filter((name) => name !== 'any'))('of queue show on %s', async (name) => {
    const screen = 'queue show payment';
    await expect(visible(await show(screen, name))).toMatchFileSnapshot(golden(screen, name));
  });

  it.each(NAMES)('of top on %s', async (name) => {
    const stream = { isTerminal: true, columns: COLUMNS } as Parameters<typeof loadPaint>[2];
    const paint = await loadPaint('auto', ENVIRONMENTS[name], stream);
    const words = createWords('relative', () => NOW);
    const lines = await drawScreen(
      topModel(),
      { columns: COLUMNS, rows: 20 },
      {
        paint,
        words,
        table: (rows, columns) => renderTable(rows, columns, { paint, words, width: COLUMNS - 2 }),
      },
    );
    await expect(visible(`${lines.join('\n')}\n`)).toMatchFileSnapshot(golden('top', name));
  });

  it.each(SCREENS)('of %s says the same without its colours', async (screen) => {
    const { stdout } = await runCli([...screen.split(' '), '--color', 'never'], {
      url: engine.url,
      clock: new ManualClock(NOW),
      columns: COLUMNS,
    });
    // eslint-disable-next-line no-control-regex -- colours begin with it
    const bare = (await show(screen, 'any')).replaceAll(/\u001b\[[\d;]*m/g, '');
    expect(bare).toBe(stdout);
  });
});
