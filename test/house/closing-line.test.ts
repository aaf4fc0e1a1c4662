import { describe, expect, it } from 'vitest';
import { ClosingLineReporter, NOT_TO_BE_HAD } from '../../scripts/closing-line-reporter.ts';

type Modules = Parameters<ClosingLineReporter['onTestRunEnd']>[0];
type Result = { state: 'passed' } | { state: 'failed' } | { state: 'skipped'; note?: string };

/** As much of vitest's report as the reporter reads. */
function runWith(results: readonly Result[], loadErrors = 0): Modules {
  const tests = results.map((result, index) => ({
    fullName: `test ${index + 1}`,
    result: () => result,
  }));
  const errors = Array.from({ length: loadErrors }, () => ({ message: 'cannot load' }));
  const module = {
    children: { allTests: () => tests, allSuites: () => [] },
    errors: () => errors,
  };
  return [module] as unknown as Modules;
}

function report(modules: Modules, { skipsAllowed = false, unhandled = 0 } = {}) {
  let text = '';
  let failed = false;
  const reporter = new ClosingLineReporter({
    skipsAllowed,
    write: (chunk) => {
      text += chunk;
    },
    fail: () => {
      failed = true;
    },
  });
  reporter.onTestRunEnd(
    modules,
    Array.from({ length: unhandled }, () => ({ message: 'unhandled' })),
  );
  return { lines: text.trimEnd().split('\n'), failed };
}

describe('the closing line of a test run', () => {
  it('counts what passed and what failed', () => {
    const modules = runWith([{ state: 'passed' }, { state: 'passed' }, { state: 'failed' }]);
    expect(report(modules).lines).toEqual(['2 passed, 1 failed']);
  });

  it('counts files that do not load and errors outside of tests as failed', () => {
    const modules = runWith([{ state: 'passed' }], 1);
    expect(report(modules, { unhandled: 2 }).lines.at(-1)).toBe('1 passed, 3 failed');
  });

  it('names each skipped test with its reason and fails the run', () => {
    const modules = runWith([{ state: 'skipped', note: 'no server' }, { state: 'passed' }]);
    const { lines, failed } = report(modules);
    expect(lines[0]).toBe('skipped: test 1 (no server)');
    expect(lines.at(-1)).toBe('1 passed, 0 failed, 1 skipped');
    expect(failed).toBe(true);
  });

  it('leaves a run with skipped tests green where they are allowed', () => {
    const modules = runWith([{ state: 'skipped' }]);
    const { lines, failed } = report(modules, { skipsAllowed: true });
    expect(lines).toEqual(['skipped: test 1 (no reason given)', '0 passed, 0 failed, 1 skipped']);
    expect(failed).toBe(false);
  });

  it('leaves a run green whose skipped tests lack a package that is not to be had', () => {
    const lacking = { state: 'skipped', note: `${NOT_TO_BE_HAD}iii-sdk for Python` } as const;
    const { lines, failed } = report(runWith([lacking]));
    expect(lines[0]).toBe('skipped: test 1 (not to be had here: iii-sdk for Python)');
    expect(failed).toBe(false);
    expect(report(runWith([lacking, { state: 'skipped', note: 'slow' }])).failed).toBe(true);
  });

  it('does not fail a run in which nothing was skipped', () => {
    expect(report(runWith([{ state: 'passed' }])).failed).toBe(false);
  });
});
