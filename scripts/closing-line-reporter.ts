import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Begins the reason of a skip that no run forbids: the test needs a foreign package, and the package
 * registry of this machine does not have it. Anything that can be installed must be.
 */
export const NOT_TO_BE_HAD = 'not to be had here: ';

interface ClosingLineOptions {
  /**
   * Whether a skipped test leaves the run green. Without it each skipped test fails the run, unless
   * its reason begins with `NOT_TO_BE_HAD`.
   */
  readonly skipsAllowed: boolean;
  readonly write: (text: string) => void;
  /** Makes the run fail. */
  readonly fail: () => void;
}

/**
 * Ends a test run with one line that programs can read: `N passed, N failed`, then `, N skipped`
 * when there were any. A file that could not be loaded and an error outside of every test count as
 * failed. Skipped tests are named with their reason.
 */
export class ClosingLineReporter implements Reporter {
  readonly #options: ClosingLineOptions;

  constructor(options: ClosingLineOptions) {
    this.#options = options;
  }

  onTestRunEnd(
    modules: readonly Pick<TestModule, 'children' | 'errors'>[],
    unhandledErrors: readonly SerializedError[],
  ): void {
    const { skipsAllowed, write, fail } = this.#options;
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const failed =
      tests.filter((test) => test.result().state === 'failed').length +
      suites.reduce((sum, suite) => sum + suite.errors().length, 0) +
      unhandledErrors.length;

    for (const test of skipped) write(`skipped: ${test.fullName} (${reasonOf(test)})\n`);
    const forbidden = skipped.filter((test) => !reasonOf(test).startsWith(NOT_TO_BE_HAD));
    if (forbidden.length > 0 && !skipsAllowed) {
      write('Skipped tests are not allowed in this run.\n');
      fail();
    }
    const counts = [`${passed} passed`, `${failed} failed`];
    if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
    write(`${counts.join(', ')}\n`);
  }
}

function reasonOf(test: Pick<TestCase, 'result'>): string {
  const result = test.result();
  return (result.state === 'skipped' ? result.note : undefined) ?? 'no reason given';
}
