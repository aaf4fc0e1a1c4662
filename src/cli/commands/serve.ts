import type { App } from '../../app.ts';
import { formatDuration } from '../../base/duration.ts';
import { exitStatusOf, type IiiError } from '../../base/errors.ts';
import type { LogLevel } from '../../base/logger.ts';
import type { Config } from '../../config/config.ts';
import type { RunCommand } from '../command.ts';
import { loadOrExplain, type UsableConfig } from '../config-source.ts';
import { sendConsoleToLog } from '../console-to-log.ts';
import type { Context } from '../context.ts';
import type { CommandInput } from '../input.ts';
import type { SignalName } from '../io.ts';
import { countOf } from '../../base/count.ts';
import { describeFailure, failureJson } from '../report.ts';
import { usageError } from '../usage.ts';
import { wrap } from '../output/wrap.ts';
import { policyLines } from '../views/policy.ts';
import { keepNewObjectsYoung } from '../young-objects.ts';

const MAX_PORT = 65_535;

/** What callers were told about a failed disk has left by then. */
const REFUSALS_LEAVE_MS = 50;

export const run: RunCommand = async (context, input) => {
  const { output, io } = context;
  keepNewObjectsYoung();
  const { config, origins } = await loadConfig(context, input);
  const stop = listenForStop(context);
  let restoreConsole = (): void => undefined;
  let ending: Promise<void> | undefined;
  try {
    const { startApp } = await import('../../app.ts');
    const { createLogger } = await import('../../observe/log.ts');
    const format = input.text('logFormat') ?? (io.stderr.isTerminal ? 'pretty' : 'json');
    const log = createLogger({
      level: (input.text('logLevel') ?? 'info') as LogLevel,
      format: format === 'json' ? 'json' : 'pretty',
      stream: io.stderr.raw,
      clock: io.clock,
    });
    restoreConsole = sendConsoleToLog(log);
    const app = await startApp({
      config,
      origins,
      log,
      clock: io.clock,
      repair: input.flag('repair'),
      onFatal: (error) => {
        ending ??= endWith(context, error);
      },
    });
    await announce(context, app, config);
    const signal = await stop.requested;
    await explainStop(context, app, config, signal);
    await app.stop();
    await ending;
  } finally {
    restoreConsole();
    stop.release();
  }
  if (output.forPeople) await output.note('Stopped.');
  else await output.jsonLine({ event: 'stopped' });
  return 0;
};

/** The disk can no longer be trusted. Its store refuses everything by now, and a new start recovers. */
async function endWith(context: Context, error: IiiError): Promise<void> {
  const { output, settings } = context;
  const describe = output.forPeople ? describeFailure : failureJson;
  await output.problem(describe(error, settings.debug));
  await new Promise<void>((resolve) => context.io.clock.after(REFUSALS_LEAVE_MS, resolve));
  context.io.exitNow(exitStatusOf(error.code));
}

function loadConfig(context: Context, input: CommandInput): Promise<UsableConfig> {
  return loadOrExplain(context, input.text('config'), {
    host: input.text('host'),
    port: readPort(input, 'port'),
    httpPort: readPort(input, 'httpPort'),
    store: readStore(input),
    graceMs: input.duration('grace'),
    insecure: input.flag('insecure') ? true : undefined,
  });
}

/** An address is no folder. It is not shown: a password may be in it. */
function readStore(input: CommandInput): string | undefined {
  const store = input.text('store');
  if (store === undefined || !/^[a-z][a-z\d+.-]*:\/\//i.test(store)) return store;
  throw usageError(
    '--store takes memory or a folder, not an address',
    'name the server in the configuration, under adapter of iii-queue: { name: redis, config: { redis_url: … } } or { name: rabbitmq, config: { amqp_url: … } }',
    'jobs would be kept in a folder of that name, and not at the server',
  );
}

function readPort(input: CommandInput, key: string): number | undefined {
  const port = input.count(key);
  if (port !== undefined && port > MAX_PORT) {
    throw usageError(
      `${port} is not a port`,
      `give one from 0 (any free one) to ${MAX_PORT}`,
      `ports end at ${MAX_PORT}`,
    );
  }
  return port;
}

interface StopRequest {
  readonly requested: Promise<SignalName>;
  release(): void;
}

/** The first signal asks for a stop in order, the second ends the process at once. */
function listenForStop(context: Context): StopRequest {
  let release = (): void => undefined;
  const requested = new Promise<SignalName>((resolve) => {
    let asked = false;
    release = context.io.onSignal((signal) => {
      if (asked) context.io.exitNow(signal === 'SIGINT' ? 130 : 143);
      asked = true;
      resolve(signal);
    });
  });
  return { requested, release };
}

/** What the lines of the announcement are about, and a gap. */
const LABEL_COLUMNS = 'receipt'.length + 2;

/** Says that everything listens; for a program one line, and always last. */
async function announce(context: Context, app: App, config: Config): Promise<void> {
  const { output } = context;
  const { traits } = app.engine.store;
  const { url, httpUrl } = app;
  if (!output.forPeople) {
    await output.jsonLine({
      event: 'ready',
      url,
      httpUrl,
      store: traits.name,
      dataDir: traits.location,
      pid: process.pid,
      guarantee: traits.guarantee,
      queues: config.queues.map(({ name }) => name),
    });
    return;
  }
  const { columns = Number.POSITIVE_INFINITY } = context.io.stdout;
  const place = traits.location === null ? '' : ` in ${traits.location}`;
  const indent = ' '.repeat(LABEL_COLUMNS);
  const receipt = wrap(traits.guarantee, columns - LABEL_COLUMNS).replaceAll('\n', `\n${indent}`);
  await output.text(
    [
      `engine   ${url ?? 'not listening'}`,
      ...(httpUrl === null ? [] : [`http     ${httpUrl}`]),
      `store    ${traits.name}${place}`,
      `receipt  ${receipt}`,
      ...policyLines(config.queues, columns - LABEL_COLUMNS).map(
        (line, index) => (index === 0 ? 'queues' : '').padEnd(LABEL_COLUMNS) + line,
      ),
      'Ready. Ctrl-C stops it.',
    ].join('\n'),
  );
}

async function explainStop(
  context: Context,
  app: App,
  config: Config,
  signal: SignalName,
): Promise<void> {
  const inFlight = app.engine.queues.inFlight();
  const waits =
    inFlight === 0
      ? 'nothing is in flight'
      : `${countOf(inFlight, 'job')} in flight, given ${formatDuration(config.shutdownGraceMs)}; ` +
        'what does not finish goes back to its queue';
  const again = signal === 'SIGINT' ? 'Ctrl-C again' : 'A second signal';
  await context.output.note(`Stopping: ${waits}. ${again} ends at once.`);
}
