import { IiiError } from '../../base/errors.ts';
import type { RunCommand } from '../command.ts';
import { Context } from '../context.ts';
import type { CommandInput } from '../input.ts';
import { JsonText } from '../output/json.ts';
import { countOf } from '../../base/count.ts';
import { readPayload } from '../payload.ts';
import type { Settings } from '../settings.ts';
import { normaliseUrl } from '../target.ts';
import { usageError } from '../usage.ts';

const PAYLOAD_OPTIONS = ['data', 'payload', 'jsonPayload'];

export const run: RunCommand = async (given, input) => {
  const settings = withOriginalOptions(given.settings, input);
  const context =
    settings === given.settings ? given : new Context(given.io, settings, given.signal);
  try {
    await trigger(context, input);
  } finally {
    if (context !== given) await context.close();
  }
  return 0;
};

async function trigger(context: Context, input: CommandInput): Promise<void> {
  const { functionId, pairs } = readCall(input);
  const payload =
    pairs.length > 0 ? readPairs(input, pairs) : await readPayload(context, input, PAYLOAD_OPTIONS);
  const engine = await context.engine();
  const { output, settings } = context;
  if (input.flag('dryRun')) return rehearse(context, functionId, payload);
  if (input.flag('void')) {
    await engine.send(functionId, payload);
    await output.done({ functionId, sent: true }, `${functionId} called.`, functionId);
    return;
  }
  context.afterInterrupt = 'the function may still be running in its worker';
  const progress = output.progress(`waiting for ${functionId}`);
  let result: string;
  try {
    result = await engine.invoke(functionId, payload, { timeoutMs: settings.timeoutMs });
  } finally {
    progress.stop();
  }
  await output.value(new JsonText(result));
}

/** Says who would run the function, with which payload, and calls nobody. */
async function rehearse(context: Context, functionId: string, payload: string): Promise<void> {
  const engine = await context.engine();
  const { functions } = await engine.call('iii::function::list', { includeInternal: true });
  const offered = functions.find((candidate) => candidate.functionId === functionId);
  if (offered === undefined) {
    throw new IiiError('function_not_found', `Function ${functionId} not found`, {
      reason: 'no worker offers it',
    });
  }
  const { kind, workers } = offered;
  const where = kind === 'worker' ? countOf(workers.length, 'worker') : `the ${kind} side`;
  await context.output.done(
    { functionId, dryRun: true, kind, workers, payload: new JsonText(payload) },
    `${functionId} would be called with ${payload}; it is offered by ${where}.`,
    functionId,
  );
}

/** The function comes first, or from `--function-id`; then every word is a pair. */
function readCall(input: CommandInput): { functionId: string; pairs: readonly string[] } {
  const first = input.optionalArgument('function');
  const pairs = input.rest('pairs');
  const named = input.text('functionId');
  if (named !== undefined) {
    return { functionId: named, pairs: first === undefined ? pairs : [first, ...pairs] };
  }
  if (first === undefined) {
    throw usageError(
      "'trigger' needs the id of a function",
      'iii trigger <function> [key=value…]; the ids: iii function list',
      'no function is named',
    );
  }
  return { functionId: first, pairs };
}

function readPairs(input: CommandInput, pairs: readonly string[]): string {
  if ([...PAYLOAD_OPTIONS, 'file'].some((name) => input.text(name) !== undefined)) {
    throw usageError(
      'the payload is given twice',
      'give key=value words or --data, not both',
      'it would not be clear which of them is meant',
    );
  }
  const members = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw usageError(
        `'${pair}' is not key=value`,
        `write it like amount=12 or 'name="a b"'`,
        at < 0 ? 'it has no =' : 'there is no key before the =',
      );
    }
    members.set(pair.slice(0, at), valueText(pair.slice(at + 1)));
  }
  const body = [...members].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',');
  return `{${body}}`;
}

/** JSON stays as written, so that large numbers survive; anything else is text. */
function valueText(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

/** `--address`, `--port` and `--timeout-ms` of the original tool. */
function withOriginalOptions(settings: Settings, input: CommandInput): Settings {
  const address = input.text('address');
  const port = input.count('port', 1);
  const timeoutMs = input.count('timeoutMs', 1);
  if (address === undefined && port === undefined && timeoutMs === undefined) return settings;
  const target = settings.target();
  const url = new URL(target.url);
  if (address !== undefined) url.hostname = address;
  if (port !== undefined) url.port = String(port);
  const origin = '--address and --port';
  const there = normaliseUrl(url.href, origin);
  return {
    ...settings,
    target: () => ({ ...target, url: there, origin, token: () => target.token(there) }),
    timeoutMs: timeoutMs ?? settings.timeoutMs,
  };
}
