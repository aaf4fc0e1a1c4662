import type { ConfigView } from '../../../admin/config-contract.ts';
import type { RunCommand } from '../../command.ts';
import { loadOrExplain } from '../../config-source.ts';
import type { Context } from '../../context.ts';
import { settingGroups, settingList } from '../../views/setting.ts';

/** Prints every resolved value: of the running engine, or of a file as it would be. */
export const run: RunCommand = async (context, input) => {
  const { output } = context;
  const file = input.optionalArgument('file');
  const view = file === undefined ? await running(context) : await resolved(context, file);
  if (output.format === 'json' || output.format === 'yaml') await output.value(view);
  else if (!output.forPeople) await output.list(view.settings, settingList);
  else {
    const tables = settingGroups(view, input.flag('origin')).map(({ rows, columns }) =>
      output.table(rows, columns),
    );
    await output.text((await Promise.all(tables)).join('\n'));
  }
  return 0;
};

async function running(context: Context): Promise<ConfigView> {
  const engine = await context.engine();
  const { file, fingerprint, queues, settings } = await engine.call('iii::config::get', {});
  return { file, fingerprint, queues, settings };
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
