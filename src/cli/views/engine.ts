import type { EngineView } from '../../admin/contract.ts';
import type { ListView } from '../output/output.ts';

export const engineList: ListView<EngineView> = {
  columns: [
    { title: 'ID', importance: 100, min: 9, value: ({ id, self }) => (self ? `${id} *` : id) },
    { title: 'ADDRESS', importance: 90, value: ({ address }) => address ?? 'does not listen' },
    { title: 'HOST', importance: 40, value: ({ host }) => host },
    { title: 'PID', importance: 30, align: 'right', value: ({ pid }) => pid },
    { title: 'VERSION', importance: 60, value: ({ version }) => version },
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
