import { formatDuration } from '../../base/duration.ts';

/** How times and durations are written for people. */
export interface Words {
  /** A point in time: relative to now, or as it is. Nothing for `null`. */
  time(iso: string | null): string;
  duration(ms: number | null): string;
}

export function createWords(style: 'relative' | 'iso', nowMs: () => number): Words {
  return {
    time: (iso) => {
      if (iso === null) return '';
      if (style === 'iso') return iso;
      const distance = nowMs() - Date.parse(iso);
      if (Number.isNaN(distance)) return iso;
      if (Math.abs(distance) < 1_000) return 'now';
      const amount = formatDuration(wholeSeconds(Math.abs(distance)));
      return distance > 0 ? `${amount} ago` : `in ${amount}`;
    },
    duration: (ms) => (ms === null ? '' : formatDuration(ms)),
  };
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
