import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/tree.ts';
import { runBash } from '../support/cli-process.ts';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { RawClient } from '../support/raw-client.ts';

/*
 * A sample of the help's examples as a person types them: in a shell, with the built binary. All of
 * them run in test/cli/examples.test.ts, in the test's own process.
 */

/** Commands whose examples need no job, task, group or context that must be made first. */
const SAMPLED = [
  ...['queue list', 'queue show', 'job list', 'worker list', 'function list', 'engine list'],
  'function show',
  ...['dlq list', 'dlq errors', 'topic list', 'subscription list', 'trigger-type list'],
  ...['task list', 'undo list', 'audit', 'trigger', 'publish', 'config schema', 'help', 'version'],
];

describe('the examples of the help, typed', () => {
  let engine: EngineProcess;
  let worker: RawClient;

  beforeAll(async () => {
    engine = await EngineProcess.start({
      config: engineConfig({ payment: { max_retries: 1 }, mail: {} }),
    });
    worker = await RawClient.connect(engine.url);
    worker.offer('orders::price', () => ({ result: { cents: 5 } }));
    worker.offer('audit::log', () => ({ result: null }));
    worker.offer('orders::charge', () => ({ error: { code: 'E', message: 'HTTP 429' } }));
    await worker.settled();
    const charge = `iii enqueue payment --function orders::charge --data '{"amount":12}' --wait`;
    await runBash(charge, { engine });
  });
  afterAll(async () => {
    worker.terminate();
    await engine.close();
  });

  const examples = COMMANDS.filter(({ path }) => SAMPLED.includes(path.join(' '))).flatMap(
    ({ examples: shown }) => shown.map(({ command }) => command),
  );

  it('are there for each command of the sample', () => {
    const known = COMMANDS.map(({ path }) => path.join(' '));
    expect(SAMPLED.filter((name) => !known.includes(name))).toEqual([]);
  });

  it.each(examples.filter((line) => !line.includes('--watch')))('do: %s', async (line) => {
    const { code, stdout, stderr } = await runBash(line, { engine });
    expect(code, stderr).toBe(0);
    if (!line.includes(' > ')) expect(`${stdout}${stderr}`).not.toBe('');
  });
});
