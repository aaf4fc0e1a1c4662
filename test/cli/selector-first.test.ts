import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { parse } from '../config/config-fixture.ts';
import { runCli } from '../support/run-cli.ts';

/*
 * A wrong selector is told in the same words whether or not an engine runs: the command line judges it
 * with the engine's own parser, and the engine judges what other clients send.
 */

const QUEUES = 'workers: [{ name: iii-queue, config: { queue_configs: { payment: {} } } }]\n';
interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Nothing listens there. */
const NOWHERE = 'ws://127.0.0.1:1';
const WRONG: readonly (readonly [option: string, text: string, found: string])[] = [
  ['--where', 'attempts >', 'column 11: here a value is missing\n  attempts >\n            ^'],
  ['--where', 'nothing=1', "column 1: there is no field 'nothing'"],
  ['--where', 'age>soon', 'age is a duration'],
  ['--where', 'error~"429', 'this text has no closing "'],
  ['--cluster', '55', "'55' is no fingerprint of a cluster"],
];
const COMMANDS = [
  ['job', 'list', 'payment'],
  ['dlq', 'list', 'payment'],
  ['dlq', 'errors', 'payment'],
  ['dlq', 'export', 'payment'],
  ['dlq', 'redrive', 'payment', '--yes'],
  ['dlq', 'discard', 'payment', '--dry-run'],
  ['queue', 'purge', 'payment', '--yes'],
  ['job', 'cancel', '--queue', 'payment', '--yes'],
  ['job', 'retry', '--queue', 'payment', '--yes'],
  ['job', 'move', '--queue', 'payment', '--to', 'mail', '--yes'],
];

let app: App;

beforeAll(async () => {
  const { config, origins } = parse(QUEUES, {
    overrides: { store: 'memory', port: 0, httpPort: 0 },
  });
  if (config === null) throw new Error('the configuration is not valid');
  app = await startApp({ config, origins });
});
afterAll(() => app.stop());

describe('a wrong selector is told without an engine:', () => {
  it.each(COMMANDS)('iii %s %s', async (...words) => {
    for (const [option, text, found] of WRONG) {
      const { status, stdout, stderr } = await runCli([...words, option, text], { url: NOWHERE });
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toContain(found);
      expect(stderr).toMatch(
        /^error\[(SELECTOR_INVALID|INVALID_ARGUMENTS)\]: [^]*\ncause: .*\nhint: .*\n$/,
      );
    }
  });

  it.each(WRONG)('%s %s, in the words of the engine', async (option, text) => {
    const key = option.slice(2);
    const asked = { queue: 'payment', [key]: text };
    const request = ['trigger', 'iii::dlq::list', '--data', JSON.stringify(asked)];
    const byEngine = await runCli([...request, '-o', 'json'], { url: app.url ?? '' });
    const argv = ['dlq', 'list', 'payment', option, text, '-o', 'json'];
    const byTool = await runCli(argv, { url: NOWHERE });
    const told = (stderr: string) => {
      const { error } = JSON.parse(stderr) as { error: Told };
      const { functionId: _asked, ...details } = error.details;
      return { code: error.code, message: error.message, hint: error.hint, details };
    };
    expect(told(byTool.stderr)).toEqual(told(byEngine.stderr));
    expect(byTool.status).toBe(byEngine.status);
  });

  it('a right one gets as far as the missing engine', async () => {
    const argv = ['dlq', 'list', 'payment', '--where', 'error~"429" and age>1h'];
    const { status, stderr } = await runCli(argv, { url: NOWHERE });
    expect([status, stderr]).toEqual([6, expect.stringContaining('ENGINE_UNREACHABLE')]);
  });
});
