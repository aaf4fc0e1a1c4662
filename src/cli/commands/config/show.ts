import type { ConfigView } from '../../../admin/config-contract.ts';
import { formatDuration } from '../../../base/duration.ts';
import type { RunCommand } from '../../command.ts';
import { loadOrExplain } from '../../config-source.ts';
import type { Context } from '../../context.ts';
import {
  commandColumns,
  type CommandSetting,
  settingGroups,
  settingList,
} from '../../views/setting.ts';

interface Shown extends ConfigView {
  /** How this command found the engine, and how it prints; without an engine there is nothing to tell. */
  readonly command?: readonly CommandSetting[];
}

/** Prints every resolved value: of the running engine, or of a file as it would be. */
export const run: RunCommand = async (context, input) => {
  const { output } = context;
  const file = input.optionalArgument('file');
  const view = file === undefined ? await running(context) : await resolved(context, file);
  if (output.format === 'json' || output.format === 'yaml') await output.value(view);
  else if (!output.forPeople) await output.list(view.settings, settingList);
  else await output.text(await tablesOf(context, view, input.flag('origin')));
  return 0;
};

async function tablesOf({ output }: Context, view: Shown, withOrigin: boolean): Promise<string> {
  const tables = settingGroups(view, withOrigin).map(({ rows, columns }) =>
    output.table(rows, columns),
  );
  if (withOrigin && view.command !== undefined) {
    tables.push(output.table(view.command, commandColumns));
  }
  return (await Promise.all(tables)).join('\n');
}

async function running(context: Context): Promise<Shown> {
  const engine = await context.engine();
  const { file, fingerprint, queues, settings } = await engine.call('iii::config::get', {});
  return { file, fingerprint, queues, settings, command: commandSettings(context) };
}

function commandSettings({ settings }: Context): readonly CommandSetting[] {
  const { url, origin, tokenOrigin } = settings.target();
  const { timeoutMs, format, color, time, origins } = settings;
  const token = tokenOrigin();
  return [
    { key: 'url', value: url, origin: origin === 'the default' ? 'default' : origin },
    { key: 'token', value: token === null ? null : '***', origin: token ?? 'default' },
    { key: 'timeout', value: formatDuration(timeoutMs), origin: origins.timeout },
    { key: 'output', value: format, origin: origins.output },
    { key: 'color', value: color, origin: origins.color },
    { key: 'time', value: time, origin: origins.time },
  ];
}

async function resolved(context: Context, file: string): Promise<ConfigView> {
  const { config, origins } = await loadOrExplain(context, file);
  const { configSettings } = await import('../../../config/settings.ts');
  const { queueSettings } = await import('../../../config/queue-settings.ts');
  const { fingerprintOf } = await import('../../../config/fingerprint.ts');
  const { queues } = config;
  const sources = [...configSettings(config), ...queues.flatMap(queueSettings)];
  const settings = sources.map(({ key, value }) => ({
    ...{ key, value },
    origin: origins.get(key) ?? ({ kind: 'default' } as const),
  }));
  return { file: config.file, fingerprint: fingerprintOf(settings), queues, settings };
}
