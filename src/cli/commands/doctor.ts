import type { AdminClient } from '../../admin/client.ts';
import { IiiError } from '../../base/errors.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import type { RunCommand } from '../command.ts';
import { readConfig } from '../config-source.ts';
import type { Context } from '../context.ts';
import { examine, type Facts } from '../doctor/checks.ts';
import { countOf } from '../../base/count.ts';
import { toolVersion } from '../tool-version.ts';
import { describeFinding } from '../views/finding.ts';

/** Some check is `bad`. */
const SICK = 1;

export const run: RunCommand = async (context) => {
  const engine = await context.engine();
  const findings = examine(await gather(context, engine));
  const { output } = context;
  if (output.forPeople) {
    const paint = await output.paint();
    const { columns } = context.io.stdout;
    for (const finding of findings) await output.text(describeFinding(finding, paint, columns));
  } else if (output.format === 'name') {
    for (const { check, level } of findings) await output.text(`${check} ${level}`);
  } else await output.value(findings);
  const count = (level: string): number => findings.filter((f) => f.level === level).length;
  const [warn, bad] = [count('warn'), count('bad')];
  await output.note(
    warn + bad === 0 ? 'All is well.' : `${countOf(bad, 'problem')}, ${countOf(warn, 'warning')}`,
  );
  return bad > 0 ? SICK : 0;
};

async function gather(context: Context, engine: AdminClient): Promise<Facts> {
  const { clock } = context;
  const askedAt = clock.now();
  const info = await engine.call('iii::engine::info', {});
  const nowMs = clock.now();
  return {
    cliVersion: toolVersion(),
    protocol: PROTOCOL_VERSION,
    nowMs,
    roundTripMs: nowMs - askedAt,
    info,
    ...(await readJobs(engine)),
    config: await configHere(context),
  };
}

/** What is in the store; a store that is away is a finding, and not the end of the examination. */
async function readJobs(
  engine: AdminClient,
): Promise<Pick<Facts, 'queues' | 'workers' | 'subscriptions' | 'unreadable'>> {
  try {
    const { queues } = await engine.call('iii::queue::list', {});
    const { workers } = await engine.call('iii::worker::list', {});
    const { topics } = await engine.call('iii::topic::list', {});
    return {
      queues: await Promise.all(
        queues.map(({ name }) => engine.call('iii::queue::get', { queue: name })),
      ),
      workers,
      subscriptions: topics.flatMap(({ subscriptions }) => subscriptions),
      unreadable: null,
    };
  } catch (thrown) {
    if (!(thrown instanceof IiiError && thrown.code === 'UNAVAILABLE')) throw thrown;
    const { message, hint = null } = thrown;
    return { queues: [], workers: [], subscriptions: [], unreadable: { message, hint } };
  }
}

/** The configuration file of this folder, as `iii serve` would read it. */
async function configHere(context: Context): Promise<Facts['config']> {
  const { config, problems } = await readConfig(context.io, undefined);
  const file = config?.file ?? problems[0]?.file ?? null;
  return file === null ? null : { file, problems };
}
