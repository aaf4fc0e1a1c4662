import { describe, expect, it } from 'vitest';
import { type Column, renderTable } from '../../../src/cli/output/table.ts';
import { plain } from '../../../src/cli/output/color.ts';
import { createWords } from '../../../src/cli/output/words.ts';
import { textWidth } from '../../../src/cli/output/width.ts';
import { queueList } from '../../../src/cli/views/queue.ts';
import { subscriptionList } from '../../../src/cli/views/topic.ts';
import { subscription } from '../../support/list-answers.ts';
import { deadList } from '../../../src/cli/views/dead.ts';
import { deadJob, mailQueue, NOW, paymentQueue } from '../../support/samples.ts';

const words = createWords('relative', () => NOW);

function render<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width?: number) {
  return renderTable(rows, columns, { paint: plain, words, width });
}

describe('a table', () => {
  it('shows everything in a pipe, with columns aligned and numbers on the right', async () => {
    expect(await render([paymentQueue, mailQueue], queueList.columns)).toMatchInlineSnapshot(`
      "QUEUE                         TYPE      WAITING  DELAYED  IN FLIGHT  DEAD  OLDEST  IN/S  OUT/S  WORKERS  STATE
      payment                       fifo           12        1          1     3   1m 5s   1.5    0.3        2  active
      mail-with-a-rather-long-name  standard        0        0          0     0       -     0      0        2  paused
      "
    `);
  });

  it('leaves out the least important columns at 80', async () => {
    expect(await render([paymentQueue, mailQueue], queueList.columns, 80)).toMatchInlineSnapshot(`
      "QUEUE                         WAITING  IN FLIGHT  DEAD  OLDEST  WORKERS  STATE
      payment                            12          1     3   1m 5s        2  active
      mail-with-a-rather-long-name        0          0     0       -        2  paused
      "
    `);
  });

  it('is the same for many rows as for few', async () => {
    const rows = Array.from({ length: 250 }, (_, at) => (at % 2 === 0 ? paymentQueue : mailQueue));
    const [heading, payment, mail] = (await render([paymentQueue, mailQueue], queueList.columns))
      .trimEnd()
      .split('\n');
    const lines = (await render(rows, queueList.columns)).trimEnd().split('\n');
    expect(lines).toEqual([heading, ...rows.map((row) => (row === mailQueue ? mail : payment))]);
  });

  it('works at 40', async () => {
    expect(await render([paymentQueue, mailQueue], queueList.columns, 40)).toMatchInlineSnapshot(`
      "QUEUE
        WAITING  IN FLIGHT  DEAD  STATE
      payment
             12          1     3  active
      mail-with-a-rather-long-name
              0          0     0  paused
      "
    `);
  });

  it('keeps ids whole to be copied, and cuts other texts before it leaves columns out', async () => {
    expect(await render([deadJob], deadList('payment').columns, 80)).toMatchInlineSnapshot(`
      "ID                                    FUNCTION    ERROR                   DIED
      3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11  orders::c…  card_declined: the ba…  2m ago
      "
    `);
    expect(await render([deadJob], deadList('payment').columns, 120)).toMatchInlineSnapshot(`
      "ID                                    FUNCTION    ATTEMPTS  REASON     ERROR                                      DIED
      3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11  orders::c…        10  exhausted  card_declined: the bank said no\\nand clo…  2m ago
      "
    `);
    expect(await render([deadJob], deadList('payment').columns, 200)).toMatchInlineSnapshot(`
      "ID                                    FUNCTION        GROUP    ATTEMPTS  REASON     ERROR                                                 DIED
      3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11  orders::charge  "txn-1"        10  exhausted  card_declined: the bank said no\\nand closed the door  2m ago
      "
    `);
  });

  it('puts ids on a line of their own where nothing else would fit beside them', async () => {
    expect(await render([deadJob, deadJob], deadList('payment').columns, 40))
      .toMatchInlineSnapshot(`
        "ID
          FUNCTION    ERROR               DIED
        3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11
          orders::c…  card_declined: th…  2m ago
        3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11
          orders::c…  card_declined: th…  2m ago
        "
      `);
  });

  it('has names of functions whole, on a line of their own where they have to be', async () => {
    const row = { ...subscription, functionId: 'warehouse::reserve-what-was-ordered' };
    expect(await render([row], subscriptionList.columns, 40)).toMatchInlineSnapshot(`
      "TOPIC
        FUNCTION
        WAITING  IN FLIGHT  DEAD  WORKERS
      order.created
        warehouse::reserve-what-was-ordered
             12          0     2        0
      "
    `);
    const longer = { ...row, functionId: `${row.functionId}::and::pack-what-is-there` };
    expect(await render([longer], subscriptionList.columns, 80)).toMatchInlineSnapshot(`
      "TOPIC
        FUNCTION                                                      WAITING  DEAD
      order.created
        warehouse::reserve-what-was-ordered::and::pack-what-is-there       12     2
      "
    `);
    const topic = 'order.created.in.a.shop.that.is.far.away';
    expect(await render([{ ...row, topic }], subscriptionList.columns, 80)).toMatchInlineSnapshot(`
      "TOPIC
        FUNCTION                             WAITING  IN FLIGHT  DEAD  WORKERS
      order.created.in.a.shop.that.is.far.away
        warehouse::reserve-what-was-ordered       12          0     2        0
      "
    `);
  });

  it('has a name that is longer than the terminal cut to it, and an id never', async () => {
    const columns: Column<string>[] = [
      { title: 'NAME', importance: 2, min: 8, copied: true, value: (row) => row },
      { title: 'JOBS', importance: 1, align: 'right', value: () => 1234 },
    ];
    const [, , line = ''] = (await render(['n'.repeat(50)], columns, 38)).split('\n');
    expect(line).toBe(`${'n'.repeat(37)}…`);
    expect(await render([deadJob.id], columns, 20)).toContain(`${deadJob.id}\n`);
  });

  it.each([40, 60, 80, 100, 120, 200])('never is wider than %i columns', async (width) => {
    for (const text of [
      await render([paymentQueue, mailQueue], queueList.columns, width),
      await render([deadJob], deadList('payment').columns, width),
      await render([subscription], subscriptionList.columns, width),
      await render(
        [{ ...subscription, functionId: 'f'.repeat(60) }],
        subscriptionList.columns,
        width,
      ),
    ]) {
      for (const line of text.split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(width);
    }
  });

  it('counts wide characters as two columns', async () => {
    const columns: Column<string>[] = [
      { title: 'A', importance: 2, min: 4, value: (row) => row },
      { title: 'B', importance: 1, value: () => 'x' },
    ];
    expect(await render(['日本語', 'ab'], columns)).toBe('A       B\n日本語  x\nab      x\n');
  });

  it.each(['✅ done', '❤️ heart', '🇩🇪 flag', '👨‍👩‍👧‍👦 home', 'e\u0301 accent'])(
    'keeps its columns aligned beside %s, whole and cut',
    async (text) => {
      const columns: Column<string>[] = [
        { title: 'A', importance: 2, min: 4, value: (row) => row },
        { title: 'B', importance: 1, value: () => 'x' },
      ];
      for (const width of [undefined, 8]) {
        const lines = (await render([text, '漢字かな'], columns, width)).trimEnd().split('\n');
        expect(new Set(lines.map(textWidth)).size, lines.join('\n')).toBe(1);
      }
    },
  );

  it('writes control characters as escapes', async () => {
    const columns: Column<string>[] = [{ title: 'A', importance: 1, value: (row) => row }];
    expect(await render(['a\u001b[31mb\nc\u202ed\u009b'], columns)).toBe(
      'A\na\\u001b[31mb\\nc\\u202ed\\u009b\n',
    );
  });
});
