import { expect, it } from 'vitest';
import { sparkline } from '../../../src/cli/top/sparkline.ts';

it.each([
  [[], 4, '    '],
  [[0, 0], 4, '  ▁▁'],
  [[0, 1, 2, 4], 4, '▁▃▅█'],
  [[9, 9, 9, 1, 2], 2, '▅█'],
])('shows %j in %i columns', (values, width, bars) => {
  expect(sparkline(values, width)).toBe(bars);
});
