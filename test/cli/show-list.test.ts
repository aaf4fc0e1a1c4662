import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { COMMANDS, namesOf } from '../../src/cli/tree.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { LIST_ANSWERS } from '../support/list-answers.ts';
import { type RunningCli, startCli, runCli, type CliOptions } from '../support/run-cli.ts';
import { jobDetail, NOW, paymentQueue } from '../support/samples.ts';

let engine: FakeEngine;

afterEach(() => engine.stop());

/** Lists that do not change by themselves. */
const STILL: Readonly<Record<string, string>> = {
  'context list': 'names of engines, in a file of the user',
};
/** Lists that are not called so. */
const OTHER_LISTS = ['dlq errors', 'audit'];

const lists = COMMANDS.filter(
  ({ path }) => path[1] === 'list' || OTHER_LISTS.includes(path.join(' ')),
);
const watched = lists.filter(({ options = [] }) =>
  options.some((option) => namesOf(option).includes('--watch')),
);

const REDRAW = '\u001b[H\u001b[J';

/** Moves the clock on until a text is there so many times. */
async function untilSeen(cli: RunningCli, clock: ManualClock, text: string, times: number) {
  while (cli.stdout().split(text).length - 1 < times) await clock.advance(1_000);
}

function start(argv: readonly string[], options: CliOptions = {}) {
  const clock = new ManualClock(NOW);
  const cli = startCli([...argv, '--watch', '--color', 'never'], {
    url: engine.url,
    clock,
    ...options,
  });
  return { cli, clock };
}

describe('--watch', () => {
  it('is there on every list of an engine', async () => {
    engine = await FakeEngine.start({});
    const without = lists.filter((spec) => !watched.includes(spec));
    expect(without.map(({ path }) => path.join(' '))).toEqual(Object.keys(STILL));
  });

  it.each(watched.map(({ path, arguments: words = [] }) => ({ path, words })))(
    'of $path prints again until Ctrl-C, one line for each row in a pipe',
    async ({ path, words }) => {
      engine = await FakeEngine.start(LIST_ANSWERS);
      const argv = [...path, ...words.map(() => 'payment'), '-o', 'ndjson'];
      const once = await runCli(argv, { url: engine.url });
      expect(once.status).toBe(0);
      expect(once.stdout.length).toBeGreaterThan(2);
      const { cli, clock } = start(argv);
      await untilSeen(cli, clock, once.stdout, 3);
      cli.signal('SIGINT');
      expect((await cli.finished).status).toBe(130);
      expect(cli.stdout().replaceAll(once.stdout, '')).toBe('');
    },
  );

  it('on a terminal draws over what was there', async () => {
    engine = await FakeEngine.start(LIST_ANSWERS);
    const { cli, clock } = start(['job', 'list', '--limit', '3', '--time', 'iso'], {
      columns: 80,
    });
    await untilSeen(cli, clock, REDRAW, 2);
    await untilSeen(cli, clock, 'STATE', 2);
    cli.signal('SIGINT');
    await cli.finished;
    const [before, ...screens] = cli.stdout().split(REDRAW);
    expect(before).toBe('');
    expect(screens[0]).toBe(screens[1]);
    expect(cli.stderr()).toContain('3 of 12 400; next: --cursor j3');
  });

  it('on a terminal shows what fits on the screen, and says what does not', async () => {
    const queues = Array.from({ length: 40 }, (_, n) => ({ ...paymentQueue, name: `q${n}` }));
    engine = await FakeEngine.start({ 'iii::queue::list': () => ({ queues }) });
    const { cli } = start(['queue', 'list'], { columns: 80 });
    await cli.saw('stderr', '19 more do not fit');
    cli.signal('SIGINT');
    await cli.finished;
    const lines = cli.stdout().trimEnd().split('\n');
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toMatch(/^q20 /);
  });

  it('counts the lines of rows that have an id on a line of its own', async () => {
    const ids = Array.from({ length: 40 }, (_, n) => String(n + 1).padStart(36, '0'));
    const jobs = ids.map((id) => ({ ...jobDetail, id }));
    const answer = () => ({ jobs, total: 40, nextCursor: null });
    engine = await FakeEngine.start({ 'iii::job::list': answer });
    const { cli } = start(['job', 'list', '--time', 'iso'], { columns: 40 });
    await cli.saw('stderr', '30 more do not fit');
    cli.signal('SIGINT');
    await cli.finished;
    const lines = cli.stdout().trimEnd().split('\n');
    expect(lines).toHaveLength(22);
    expect(lines.at(-2)).toBe(ids[9]);
  });

  it('fills the screen when it is a row that does not fit whose name is long', async () => {
    const names = [
      ...Array.from({ length: 20 }, (_, n) => `q${n}`),
      'x'.repeat(60),
      'y'.repeat(60),
    ];
    const queues = names.map((name) => ({ ...paymentQueue, name }));
    engine = await FakeEngine.start({ 'iii::queue::list': () => ({ queues }) });
    const { cli } = start(['queue', 'list'], { columns: 40 });
    await cli.saw('stderr', '2 more do not fit');
    cli.signal('SIGINT');
    await cli.finished;
    expect(cli.stdout().trimEnd().split('\n')).toHaveLength(21);
  });

  it('asks for the first page each time, and does not go together with --all', async () => {
    engine = await FakeEngine.start(LIST_ANSWERS);
    const { cli, clock } = start(['dlq', 'list', 'payment', '--limit', '2', '-o', 'name']);
    await untilSeen(cli, clock, '\n', 4);
    cli.signal('SIGINT');
    await cli.finished;
    expect(engine.calls.slice(0, 2).map(({ data }) => data)).toEqual([
      { queue: 'payment', limit: 2 },
      { queue: 'payment', limit: 2 },
    ]);
    const both = await runCli(['job', 'list', '--all', '--watch'], { url: engine.url });
    expect([both.status, both.stderr]).toEqual([2, expect.stringContaining('--limit')]);
  });
});
