import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './scripts/closing-line-reporter.ts';

export default defineConfig({
  test: {
    reporters: [
      'default',
      new ClosingLineReporter({
        skipsAllowed: process.env['CI'] !== 'true',
        write: (text) => process.stdout.write(text),
        fail: () => {
          process.exitCode = 1;
        },
      }),
    ],
    coverage: { provider: 'v8', include: ['src/**/*.ts'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/**/rabbitmq/**'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Against one real broker, which the setup starts.
        extends: true,
        test: {
          name: 'rabbitmq',
          include: ['test/**/rabbitmq/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          globalSetup: 'test/support/rabbitmq-setup.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // The built binary, with real processes and sockets: one file at a time, after the rest.
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
