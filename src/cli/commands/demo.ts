import type { App } from '../../app.ts';
import type { AdminClient } from '../../admin/client.ts';
import { connect } from '../../admin/client.ts';
import type { QueueSummary } from '../../admin/contract.ts';
import { formatDuration } from '../../base/duration.ts';
import type { Config } from '../../config/config.ts';
import type { RunCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { watchUntilQuiet } from '../demo/live.ts';
import { type Proof, prove } from '../demo/proof.ts';
import { DEMO_CONFIG, FUNCTIONS, listMails, listPayments, QUEUES } from '../demo/scenario.ts';
import { Story } from '../demo/story.ts';
import { WorkerProcess } from '../demo/worker-process.ts';
import { countOf } from '../../base/count.ts';
import { deadList } from '../views/dead.ts';
import { describePolicy } from '../views/policy.ts';

/** Longest wait for one answer of an engine in the same process. */
const ANSWER_MS = 10_000;

export const run: RunCommand = async (context) => {
  context.afterInterrupt = 'everything the demo had started has ended; run it again: iii demo';
  const startedAt = context.clock.now();
  const started: (() => Promise<void>)[] = [];
  let proof: Proof;
  try {
    proof = await play(context, (stop) => started.push(stop));
  } finally {
    for (const stop of started.reverse()) await stop();
  }
  const durationMs = context.clock.now() - startedAt;
  if (context.output.forPeople) {
    await context.output.text(
      proof.ok
        ? `\nDone in ${formatDuration(durationMs)}. Everything the demo started has ended.`
        : '\nThe proof failed: the counts or the order above are not what was promised.',
    );
  } else {
    await context.output.done({ ...proof, durationMs }, '', proof.ok ? 'ok' : 'failed');
  }
  return proof.ok ? 0 : 1;
};

/** Plays the whole scenario. What it starts it hands to `onStarted`, also when it ends early. */
async function play(
  context: Context,
  onStarted: (stop: () => Promise<void>) => void,
): Promise<Proof> {
  const { output, signal, clock } = context;
  const story = new Story(context);

  await story.step('An engine with two queues', 'iii serve -c iii-config.yaml --store memory');
  const config = await readDemoConfig();
  const app = await startEngine(context, config);
  onStarted(() => app.stop());
  const url = app.url ?? '';
  for (const queue of config.queues.filter(({ name }) => isOurs(name))) {
    await story.say(`${queue.name}: ${describePolicy(queue)}`);
  }
  await story.say(`It listens on ${url}; give that to other commands as --url.`);

  await story.step('A worker, in a process of its own', 'node worker.js');
  const worker = await WorkerProcess.start(url, signal);
  onStarted(() => worker.stop());
  await story.say(`It offers ${Object.values(FUNCTIONS).join(' and ')}.`);
  const engine = await connect({ url, token: null, timeoutMs: ANSWER_MS, signal, clock });
  onStarted(() => engine.close());

  const payments = listPayments();
  const mails = listMails();
  await story.step(
    `${countOf(payments.length, 'payment')} and ${countOf(mails.length, 'e-mail')}`,
    enqueueCommand('payment', payments[0]),
    enqueueCommand('mail', mails[0]),
  );
  const receipts = {
    payment: await enqueueAll(engine, 'payment', payments),
    mail: await enqueueAll(engine, 'mail', mails),
  };
  await story.say('Each has a receipt: the engine has it now, and answers for it.');

  await story.step('They run; some fail and are tried again', 'iii queue list --watch');
  await watchUntilQuiet(context, engine);

  await story.step('One used up its attempts', 'iii dlq list mail');
  const { jobs } = await engine.call('iii::dlq::list', { queue: 'mail' });
  if (output.forPeople) await output.list(jobs, deadList('mail'));
  for (const { error } of jobs) await story.say(`Its last error: ${error.message}`);

  await worker.mend(signal);
  await story.step('The worker gets the template; the job comes back', 'iii dlq redrive mail');
  const { redriven } = await engine.call('iii::dlq::redrive', { queue: 'mail' });
  await story.say(`${countOf(redriven, 'dead job')} brought back to mail.`);
  const queues = await watchUntilQuiet(context, engine);

  const claims = queues.map((queue) => claimOf(queue, receipts));
  const proof = prove(claims, await worker.log(signal));
  await story.step("The proof: receipts, the engine's counts, the worker's own log");
  for (const { queue, enqueued, completed, lost, failedAttempts } of proof.queues) {
    await story.say(
      `${queue}: ${enqueued} enqueued, ${completed} completed, ${lost} lost` +
        ` (${countOf(failedAttempts, 'attempt')} failed on the way)`,
    );
  }
  const inOrder = proof.accounts.filter((account) => account.inOrder).length;
  await story.say(
    `order: kept in ${inOrder} of ${countOf(proof.accounts.length, 'account')}, ` +
      'each payment started after the one before it was done',
  );
  return proof;
}

async function readDemoConfig(): Promise<Config> {
  const { parseConfig } = await import('../../config/load.ts');
  const { configErrors } = await import('../../config/problem.ts');
  const { machineSources } = await import('../../config/machine.ts');
  const loaded = parseConfig(DEMO_CONFIG, {
    ...machineSources,
    file: null,
    overrides: { store: 'memory', port: 0, httpPort: 0 },
  });
  if (loaded.config === null) throw configErrors(loaded);
  return loaded.config;
}

async function startEngine(context: Context, config: Config): Promise<App> {
  const { startApp } = await import('../../app.ts');
  return startApp({ config, clock: context.clock });
}

function isOurs(name: string): boolean {
  return QUEUES.some((queue) => queue === name);
}

function enqueueCommand(queue: (typeof QUEUES)[number], payload: unknown): string {
  return `iii enqueue ${queue} -f ${FUNCTIONS[queue]} -d '${JSON.stringify(payload)}'`;
}

/** One after the other: the order of acceptance is the order of the list. */
async function enqueueAll(
  engine: AdminClient,
  queue: (typeof QUEUES)[number],
  payloads: readonly unknown[],
): Promise<readonly string[]> {
  const receipts: string[] = [];
  for (const payload of payloads) {
    receipts.push(await engine.enqueue(FUNCTIONS[queue], JSON.stringify(payload), { queue }));
  }
  return receipts;
}

function claimOf(
  { name, dead, totals }: QueueSummary,
  receipts: Readonly<Record<string, readonly string[]>>,
) {
  return {
    queue: name,
    receipts: receipts[name] ?? [],
    completed: totals.completed,
    failedAttempts: totals.failed,
    redriven: totals.redriven,
    stillDead: dead,
  };
}
