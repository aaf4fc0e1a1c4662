import { expect, inject, it } from 'vitest';
import { rabbitMaker } from '../../support/rabbitmq-maker.ts';
import { runModel } from '../model.ts';

const RUNS = 15;

const url = inject('rabbitmqUrl');
it(
  'the rabbitmq store does what the oracle does, step by step, restarts included',
  { timeout: 240_000, skip: url === null },
  async () => {
    const report = await runModel(rabbitMaker(url ?? ''), {
      runs: RUNS,
      seed: 20_260_101,
      shrinks: false,
    });
    expect(report.runs).toBe(RUNS);
    expect(report.byKind.get('reopen')).toBeGreaterThan(0);
  },
);
