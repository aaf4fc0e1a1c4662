import { afterEach, describe, expect, it } from 'vitest';
import { fail, FakeEngine, NO_ANSWER, raw } from '../support/fake-engine.ts';
import { runCli } from '../support/run-cli.ts';

let engine: FakeEngine;

afterEach(() => engine.stop());

describe('iii trigger', () => {
  it('prints the result as JSON, on a terminal indented, with the numbers it came with', async () => {
    engine = await FakeEngine.start({ price: () => raw('{"cents":9007199254740993,"rate":1.0}') });
    const { url } = engine;
    const piped = await runCli(['trigger', 'price'], { url });
    expect(piped).toMatchObject({ status: 0, stdout: '{"cents":9007199254740993,"rate":1.0}\n' });
    const shown = await runCli(['trigger', 'price'], { url, columns: 80 });
    expect(shown.stdout).toBe('{\n  "cents": 9007199254740993,\n  "rate": 1.0\n}\n');
  });

  it.each([
    {
      argv: ['f', 'id=7', 'name=x y', 'big=9007199254740993', 'on=true', 'eq=a=b'],
      sent: '{"id":7,"name":"x y","big":9007199254740993,"on":true,"eq":"a=b"}',
    },
    { argv: ['f', '--data', '{"id":1.0}'], sent: '{"id":1.0}' },
    { argv: ['f', '--payload', '[1]'], sent: '[1]' },
    { argv: ['--function-id', 'f', '--payload', '[1]'], sent: '[1]' },
    { argv: ['--function-id', 'f', 'id=7'], sent: '{"id":7}' },
    { argv: ['f'], sent: '{}' },
  ])('sends $sent for $argv', async ({ argv, sent }) => {
    engine = await FakeEngine.start({ f: () => null });
    const { status, stdout } = await runCli(['trigger', ...argv], { url: engine.url });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'null\n' });
    expect(engine.calls[0]?.dataText).toBe(sent);
  });

  it('takes host and port apart, as the original tool', async () => {
    engine = await FakeEngine.start({ f: () => 1 });
    const { port } = new URL(engine.url);
    const argv = ['trigger', 'f', '--address', '127.0.0.1', '--port', port];
    expect((await runCli(argv)).stdout).toBe('1\n');
  });

  it('with --void does not wait for a result', async () => {
    engine = await FakeEngine.start({ f: () => NO_ANSWER });
    const { status } = await runCli(['trigger', 'f', 'a=1', '--void'], { url: engine.url });
    expect(status).toBe(0);
    await engine.called('f');
    expect(engine.calls[0]?.action).toEqual({ type: 'void' });
  });

  it('of an unknown function ends with 5', async () => {
    engine = await FakeEngine.start({});
    expect((await runCli(['trigger', 'nope'], { url: engine.url })).status).toBe(5);
  });

  it.each([
    ['--timeout', '1ms'],
    ['--timeout', '50ms'],
    ['--timeout-ms', '50'],
  ])('that takes too long ends with 6: %s %s', async (...timeout) => {
    engine = await FakeEngine.start({ slow: () => NO_ANSWER });
    const { status } = await runCli(['trigger', 'slow', ...timeout], { url: engine.url });
    expect(status).toBe(6);
  });

  it('of a function that throws ends with 1, its code and, with --debug, its stack', async () => {
    const error = fail('card_declined', 'the bank\u001b[2J said no', {
      stacktrace: 'Error: no\n    at charge',
    });
    engine = await FakeEngine.start({ pay: () => error });
    const { status, stderr } = await runCli(['trigger', 'pay'], { url: engine.url });
    expect(status).toBe(1);
    expect(stderr).toContain('error[card_declined]: the bank\\u001b[2J said no');
    expect(stderr).not.toContain('at charge');
    const debug = await runCli(['trigger', 'pay', '--debug'], { url: engine.url });
    expect(debug.stderr).toContain('at charge');
  });

  it.each([[['trigger']], [['trigger', 'f', 'word']], [['trigger', 'f', 'a=1', '--data', '{}']]])(
    'refuses %j with 2',
    async (argv) => {
      engine = await FakeEngine.start({ f: () => 1 });
      expect((await runCli(argv, { url: engine.url })).status).toBe(2);
      expect(engine.calls).toEqual([]);
    },
  );
});
