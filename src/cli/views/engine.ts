import type { EngineView } from '../../admin/contract.ts';
import type { ListView } from '../output/output.ts';

export const engineList: ListView<EngineView> = {
  columns: [
    { title: '', importance: 99, value: ({ self }) => (self ? '*' : '') },
    { title: 'ID', importance: 100, min: 9, copied: true, value: ({ id }) => id },
    {
      title: 'ADDRESS',
      importance: 75,
      min: 14,
      wanted: 24,
      value: ({ address }) => address ?? 'does not listen',
    },
    { title: 'HOST', importance: 40, value: ({ host }) => host },
    { title: 'PID', importance: 30, align: 'right', value: ({ pid }) => pid },
    { title: 'VERSION', importance: 45, value: ({ version }) => version },
    { title: 'STATUS', importance: 80, value: ({ status }) => status },
    {
      title: 'LAST SEEN',
      importance: 70,
      value: ({ lastSeenAt }, words) => words.time(lastSeenAt),
    },
  ],
  name: ({ id }) => id,
  empty: 'No engine is known.',
};
