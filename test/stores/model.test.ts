import { expect, it } from 'vitest';
import { memoryMaker } from '../support/memory-maker.ts';
import { runModel } from './model.ts';

const RUNS = 200;
const STEPS_PER_RUN = 30;

it('the memory store does what the oracle does, step by step', { timeout: 60_000 }, async () => {
  const report = await runModel(memoryMaker, { runs: RUNS, seed: 20_260_101 });
  expect(report.runs).toBe(RUNS);
  expect(report.steps / report.runs).toBeGreaterThanOrEqual(STEPS_PER_RUN);
  expect([...report.byKind.keys()].sort()).toEqual([
    'advance',
    'append',
    'cancel',
    'discard',
    'lease',
    'pause',
    'redrive',
    'settle',
    'settle_again',
  ]);
});
