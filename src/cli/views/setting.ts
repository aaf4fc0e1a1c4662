import type { ConfigView, SettingView } from '../../admin/config-contract.ts';
import type { Origin } from '../../config/origin.ts';
import { queueKey } from '../../config/queue-settings.ts';
import type { SettingValue } from '../../config/settings.ts';
import type { ListView } from '../output/output.ts';
import type { Cell, Column } from '../output/table.ts';
import { textWidth } from '../output/width.ts';
import type { Words } from '../output/words.ts';

/** Columns of a name that are kept when its value needs room. */
const LEAST_NAME = 24;

/** Resolved values as rows for programs: a line each, by the whole name. */
export const settingList: ListView<SettingView> = {
  columns: [],
  name: ({ key }) => key,
  empty: 'No settings.',
};

/** A setting of the command line itself, with its origin in words. */
export interface CommandSetting {
  readonly key: string;
  readonly value: string | null;
  readonly origin: string;
}

/** How this command found the engine, and how it prints. */
export const commandColumns: readonly Column<CommandSetting>[] = [
  { title: 'THIS COMMAND', importance: 100, value: ({ key }) => key },
  { title: 'VALUE', importance: 90, min: 8, value: ({ value }) => value ?? 'none' },
  {
    title: 'FROM',
    importance: 80,
    min: 8,
    copied: true,
    value: ({ origin }) => (origin === 'default' ? { text: origin, tone: 'dim' } : origin),
  },
];

/** A setting under the heading of its group. */
interface SettingRow extends SettingView {
  readonly label: string;
}

/** What belongs together, such as the settings of one queue, as one table. */
export interface SettingGroup {
  readonly rows: readonly SettingRow[];
  readonly columns: readonly Column<SettingRow>[];
}

/** Resolved values by what they are of, with where they come from when that is asked for. */
export function settingGroups(
  { settings, queues }: ConfigView,
  withOrigin: boolean,
): readonly SettingGroup[] {
  const groups = new Map<string, SettingRow[]>();
  for (const setting of settings) {
    const [title, label] = placeOf(setting.key, queues);
    const rows = groups.get(title) ?? [];
    groups.set(title, [...rows, { ...setting, label }]);
  }
  return [...groups].map(([title, rows]) => ({
    rows,
    columns: [
      {
        title,
        importance: 90,
        min: Math.min(
          LEAST_NAME,
          Math.max(...[title, ...rows.map(({ label }) => label)].map(textWidth)),
        ),
        value: ({ label }) => label,
      },
      { title: 'VALUE', importance: 100, min: 8, value: ({ value }) => valueText(value) },
      ...(withOrigin
        ? [
            {
              title: 'FROM',
              importance: 80,
              min: 8,
              copied: true,
              value: originCell,
            } satisfies Column<SettingRow>,
          ]
        : []),
    ],
  }));
}

/** Of what a setting is, and its name there. */
function placeOf(key: string, queues: ConfigView['queues']): readonly [string, string] {
  for (const { name } of queues) {
    const prefix = `${queueKey(name)}.`;
    if (key.startsWith(prefix)) return [`QUEUE ${name}`, key.slice(prefix.length)];
  }
  const dot = key.indexOf('.');
  if (dot === -1) return [key === 'store' ? 'STORE' : 'ENGINE', key];
  return [key.slice(0, dot).toUpperCase(), key.slice(dot + 1)];
}

/** A value as one text: `5 per 1000 ms`. */
export function valueText(value: SettingValue): string {
  if (value === null) return 'none';
  if (typeof value !== 'object') return String(value);
  if ('max' in value) return `${value.max} per ${value.per_ms} ms`;
  return value.length === 0 ? 'none' : value.join(', ');
}

function originCell({ origin }: SettingRow, words: Words): Cell {
  return origin.kind === 'default' ? { text: 'default', tone: 'dim' } : originText(origin, words);
}

function originText(origin: Exclude<Origin, { kind: 'default' }>, words: Words): string {
  switch (origin.kind) {
    case 'file': {
      const place = origin.file === null ? `line ${origin.line}` : `${origin.file}:${origin.line}`;
      return origin.variable === null ? place : `$${origin.variable} at ${place}`;
    }
    case 'variable':
      return `$${origin.variable}`;
    case 'option':
      return origin.option;
    case 'applied': {
      const file = origin.file === null ? '' : ` from ${origin.file}`;
      return `applied ${words.time(origin.at)} by ${origin.by}${file}`;
    }
  }
}
