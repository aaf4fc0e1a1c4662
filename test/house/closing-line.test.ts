import { describe, expect, it } from 'vitest';
import { ClosingLineReporter } from '../../scripts/closing-line-reporter.ts';

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

  it('does not fail a run in which nothing was skipped', () => {
    expect(report(runWith([{ state: 'passed' }])).failed).toBe(false);
  });
});
