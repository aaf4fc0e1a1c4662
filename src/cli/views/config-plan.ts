import type { ConfigPlanView } from '../../admin/config-contract.ts';
import type { ConfigChange, Effect } from '../../config/config-change.ts';
import type { Tone } from '../output/color.ts';
import type { RecordView, Section } from '../output/output.ts';
import { countOf } from '../../base/count.ts';
import { wrap } from '../output/wrap.ts';
import { valueText } from './setting.ts';

/** Widest line that is still read with ease. */
const WIDEST = 100;
/** Columns that sections and notes are indented by. */
const INDENT = 4;

const TITLES: Readonly<Record<Effect, { readonly title: string; readonly tone: Tone }>> = {
  destructive: { title: 'destructive: jobs lose something', tone: 'bad' },
  live: { title: 'live: applied while jobs run', tone: 'good' },
  restart: { title: 'restart: left until the engine is started anew', tone: 'warn' },
};

/** The differences by what applying them does, two lines each. */
export function configPlanRecord(columns: number | undefined): RecordView<ConfigPlanView> {
  const width = Math.min(columns ?? WIDEST, WIDEST) - INDENT;
  return {
    name: ({ fingerprint }) => fingerprint,
    sections: ({ changes }) =>
      (['destructive', 'live', 'restart'] as const).flatMap((effect): Section[] => {
        const own = changes.filter((change) => change.effect === effect);
        if (own.length === 0) return [];
        const { title, tone } = TITLES[effect];
        const text = own.map((change) => changeText(change, width)).join('\n');
        return [{ title: wrap(title, width + INDENT), tone, text }];
      }),
  };
}

function changeText(change: ConfigChange, width: number): string {
  const note = wrap(change.note, width).replaceAll('\n', '\n  ');
  return `${wrap(changeLine(change), width).replaceAll('\n', '\n  ')}\n  ${note}`;
}

/** `queues.payment.type: fifo → standard` */
export function changeLine({ key, from, to }: ConfigChange): string {
  return `${key}: ${valueText(from)} → ${valueText(to)}`;
}

/** `3 differences: 1 destructive, 2 live`. */
export function differencesText(changes: readonly ConfigChange[]): string {
  const counts = (['destructive', 'live', 'restart'] as const)
    .map((effect) => [effect, changes.filter((change) => change.effect === effect).length] as const)
    .filter(([, count]) => count > 0)
    .map(([effect, count]) =>
      effect === 'restart' ? `${count} for a restart` : `${count} ${effect}`,
    );
  return `${countOf(changes.length, 'difference')}: ${counts.join(', ')}`;
}
