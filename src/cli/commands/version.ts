import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import { connect } from '../../admin/client.ts';
import type { RunCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { toolVersion } from '../tool-version.ts';

/** An engine that takes longer to answer is not worth waiting for here. */
const PROBE_MS = 500;

export const run: RunCommand = async (context) => {
  const cli = toolVersion();
  const engine = await engineVersion(context);
  const lines = [
    `iii ${cli}`,
    `protocol ${PROTOCOL_VERSION}`,
    engine === null ? `engine not running at ${context.settings.target().url}` : `engine ${engine}`,
  ];
  await context.output.done({ cli, protocol: PROTOCOL_VERSION, engine }, lines.join('\n'), cli);
  return 0;
};

async function engineVersion(context: Context): Promise<string | null> {
  try {
    const { settings, clock } = context;
    const { url, token } = settings.target();
    const client = await connect({ url, token: token(), timeoutMs: PROBE_MS, clock });
    try {
      return (await client.call('iii::engine::info', {})).version;
    } finally {
      await client.close();
    }
  } catch {
    return null;
  }
}
