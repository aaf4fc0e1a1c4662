import { describe, expect, it } from 'vitest';
import { crashingFileMaker, fileMaker, powerCutMaker } from '../../support/file-maker.ts';
import { describeStore } from '../conformance.ts';
import { runModel } from '../model.ts';

/** With runs enough to end within seconds on a real file. */
const makers = [
  { name: 'file', maker: fileMaker, runs: 30 },
  { name: 'crashed file', maker: crashingFileMaker, runs: 30 },
  { name: 'file after a power cut', maker: powerCutMaker(), runs: 300 },
];

for (const { name, maker } of makers) describeStore(name, maker);

describe.each(makers)('the $name store beside the oracle', ({ maker, runs }) => {
  it('does the same in random runs', { timeout: 60_000 }, async () => {
    const report = await runModel(maker, { runs, seed: 20261125 });
    expect(report.runs).toBe(runs);
    expect(report.byKind.get('reopen')).toBeGreaterThan(runs / 2);
  });
});
