import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBash, runCli } from '../support/cli-process.ts';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { RawClient } from '../support/raw-client.ts';

describe('the command line when something is in the way', () => {
  let engine: EngineProcess;
  let worker: RawClient;

  beforeAll(async () => {
    engine = await EngineProcess.start({
      config: engineConfig({ forgetful: { retention: { completed: 0 } } }),
    });
    worker = await RawClient.connect(engine.url);
  });

  afterAll(async () => {
    worker.terminate();
    await engine.close();
  });

  it('fails when its output goes to a full disk', async () => {
    expect(existsSync('/dev/full')).toBe(true);
    const result = await runBash('iii queue list > /dev/full', { engine });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('error[OUTPUT_FAILED]');
  });

  it('enqueues nothing after the first bad line with --fail-fast', async () => {
    const words = ['enqueue', 'forgetful', '-f', 'nobody', '--ndjson', '-', '--fail-fast'];
    const result = await runCli([...words, '-o', 'json'], {
      engine,
      stdin: { kind: 'pipe', text: '1\nbad\n2\n' },
    });
    expect(result.code).toBe(3);
    expect(result.stdout.trim().split('\n')).toHaveLength(1);
    expect(
      result.stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([expect.objectContaining({ line: 2 })]);
  });

  it('knows how a job ended that is no longer kept', async () => {
    worker.offer('good', () => ({}));
    const result = await runCli(['enqueue', 'forgetful', '-f', 'good', '--wait', '-o', 'json'], {
      engine,
    });
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ state: 'completed' });
  });
});
