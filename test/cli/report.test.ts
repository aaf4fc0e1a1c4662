import { describe, expect, it } from 'vitest';
import { IiiError } from '../../src/base/errors.ts';
import { describeFailure } from '../../src/cli/report.ts';

describe('the report of a failure', () => {
  it('leaves out a cause that the message has already', () => {
    const cause = new Error('EACCES: permission denied');
    const message = `The folder cannot be made: ${cause.message}`;
    expect(describeFailure(new IiiError('STORE_FAILED', message, { cause }), false)).toBe(
      `error[STORE_FAILED]: ${message}`,
    );
  });

  it('tells a cause that is not in the message', () => {
    const error = new IiiError('STORE_FAILED', 'It cannot be made', { cause: new Error('EROFS') });
    expect(describeFailure(error, false)).toBe(
      'error[STORE_FAILED]: It cannot be made\ncause: EROFS',
    );
  });
});
