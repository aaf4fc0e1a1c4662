import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NOT_TO_BE_HAD } from '../../scripts/closing-line-reporter.ts';
import { BINARY, EngineProcess } from '../support/engine-process.ts';
import { engineConfig } from '../support/engine-config.ts';
import { RawClient } from '../support/raw-client.ts';
import { hasTmux, TmuxScreen } from '../support/tmux.ts';

describe('iii top on a terminal', () => {
  beforeEach(({ skip }) => {
    if (!hasTmux) skip(`${NOT_TO_BE_HAD}tmux`);
  });

  let engine: EngineProcess;
  let worker: RawClient;

  beforeAll(async () => {
    const config = engineConfig({
      payment: { max_retries: 1 },
      mail: { concurrency: 2 },
    });
    engine = await EngineProcess.start({ config });
    worker = await RawClient.connect(engine.url);
    worker.offer('charge', () => ({ error: { code: 'declined', message: 'the bank said no' } }));
    for (let count = 0; count < 3; count++) await worker.accepted('payment', 'charge');
    await worker.accepted('mail', 'nobody::offers');
  });

  afterAll(async () => {
    await engine.stop();
  });

  const open = (columns = 80, rows = 24): TmuxScreen =>
    new TmuxScreen([process.execPath, BINARY, 'top', '--url', engine.url, '--interval', '200ms'], {
      columns,
      rows,
    });

  it('shows the queues and the newest failures, pauses, and leaves the screen as it was', async () => {
    const screen = open();
    try {
      const queues = await screen.shows(/^..payment.* 3 /m);
      expect(queues).toContain('declined: the bank said no');
      screen.press('s', 's');
      await screen.shows('sort: dead');
      screen.press('/', 'm', 'a', 'i', 'Enter', 'p');
      await screen.shows('mail is paused; p resumes it.');
      expect(screen.text()).not.toMatch(/^..payment/m);
      screen.press('p');
      await screen.shows('mail is active again.');
      screen.press('q');
      expect(await screen.status()).toBe(0);
    } finally {
      screen.close();
    }
  });

  it('opens a queue, shows its dead jobs, and brings one back only after a y', async () => {
    const screen = open();
    try {
      await screen.shows(/^..payment.* 3 /m);
      screen.press('j', 'j', 'Enter');
      await screen.shows('attempts failed');
      screen.press('d');
      await screen.shows('Dead jobs of payment');
      await screen.shows(/> [\da-f-]{36}/);
      screen.press('r');
      await screen.shows(/Bring back [\da-f-]{36}\? \[y\/N\]/);
      screen.press('n');
      await screen.shows('Nothing was done.');
      screen.press('r', 'y');
      await screen.shows('1 job brought back to payment.');
      screen.press('C-c');
      expect(await screen.status()).toBe(0);
    } finally {
      screen.close();
    }
  });

  it('follows the size of the terminal', async () => {
    const screen = open(200, 40);
    try {
      await screen.shows('DELAYED');
      screen.resize(40, 12);
      const small = await screen.shows(/^(?!.*DELAYED)[^]*payment/);
      expect(small.split('\n').every((line) => line.length <= 40)).toBe(true);
    } finally {
      screen.close();
    }
  });

  it('goes through sizes while it runs, and every key that is pressed meanwhile', async () => {
    const screen = open();
    try {
      await screen.shows(/^..payment.* 3 /m);
      for (const [columns, rows] of [
        [40, 10],
        [200, 60],
        [10, 3],
        [80, 24],
        [40, 10],
      ] as const) {
        screen.resize(columns, rows);
        screen.press('j', 'k', 's', 's', 's', 's', 's', 'C-l');
      }
      const small = await screen.shows('QUEUE');
      expect(small.split('\n').filter((line) => line.includes('payment'))).toHaveLength(1);
      expect(screen.state()).toEqual({ isOther: true, hasCursor: false });
      screen.press('q');
      expect(await screen.status()).toBe(0);
      expect(screen.state()).toEqual({ isOther: false, hasCursor: true });
    } finally {
      screen.close();
    }
  });

  it('is stopped by Ctrl-Z and goes on with fg, and leaves the terminal as it was', async () => {
    const screen = new TmuxScreen(['bash', '--norc', '-i'], { columns: 80, rows: 24 });
    const enter = (line: string): void => screen.press('-l', `${line}\n`);
    try {
      enter(`PS1='at: '`);
      await screen.shows(/^at:/m);
      enter(`'${process.execPath}' '${BINARY}' top --url ${engine.url} --interval 200ms`);
      await screen.shows(/^..payment.* 3 /m);
      screen.press('C-z');
      await screen.shows('Stopped');
      expect(screen.state()).toEqual({ isOther: false, hasCursor: true });
      enter(`echo a line can be typed`);
      await screen.shows(/^a line can be typed/m);
      enter('fg');
      await screen.shows(/^..payment.* 3 /m);
      expect(screen.state()).toEqual({ isOther: true, hasCursor: false });
      screen.press('C-c');
      await screen.shows(/^at:$/m);
      expect(screen.state()).toEqual({ isOther: false, hasCursor: true });
      enter('stty -a');
      await screen.shows(/ icanon/);
      await screen.shows(/ echo /);
    } finally {
      screen.close();
    }
  });

  it('says that its engine is gone, and goes on with the next one', async () => {
    let other = await EngineProcess.start({ config: engineConfig({ mail: {} }), durable: true });
    const command = [process.execPath, BINARY, 'top', '--url', other.url, '--interval', '200ms'];
    const screen = new TmuxScreen(command, { columns: 120, rows: 24 });
    try {
      await screen.shows(/^..mail/m);
      other.kill('SIGKILL');
      await screen.shows('no answer');
      other = await other.killAndRestart();
      await screen.shows(/^(?!.*no answer).*0 workers/);
      other.kill('SIGKILL');
      await screen.shows('no answer');
      screen.press('q');
      expect(await screen.status()).toBe(0);
      expect(screen.state()).toEqual({ isOther: false, hasCursor: true });
    } finally {
      screen.close();
      await other.close();
    }
  });
});
