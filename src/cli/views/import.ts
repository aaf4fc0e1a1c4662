import type { ImportedJob } from '../../admin/bulk-contract.ts';
import type { Tone } from '../output/color.ts';
import type { ListView } from '../output/output.ts';

const TONES: Readonly<Record<ImportedJob['outcome'], Tone>> = {
  added: 'good',
  replaced: 'warn',
  unchanged: 'dim',
  refused: 'bad',
};

export const importList: ListView<ImportedJob> = {
  columns: [
    { title: 'ID', importance: 100, min: 9, copied: true, value: ({ id }) => id },
    {
      title: 'OUTCOME',
      importance: 90,
      value: ({ outcome }) => ({ text: outcome, tone: TONES[outcome] }),
    },
    {
      title: 'WHAT',
      importance: 80,
      min: 12,
      value: ({ why, changes }) => why ?? changes.join(', '),
    },
  ],
  name: ({ id }) => id,
  empty: 'No jobs.',
};
