const BARS = '▁▂▃▄▅▆▇█';

/** Measurements as bars, the largest at full height; blank where there is none yet. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const largest = Math.max(...shown, 0);
  const bars = shown.map((value) => {
    if (largest === 0) return BARS[0] ?? '';
    return BARS[Math.round((value / largest) * (BARS.length - 1))] ?? '';
  });
  return bars.join('').padStart(width);
}
