import { shellWord } from '../../base/shell-word.ts';
import type {
  EngineInfo,
  QueueDetail,
  SubscriptionView,
  WorkerView,
} from '../../admin/contract.ts';
import type { ConfigProblem } from '../../config/config.ts';
import { formatDuration } from '../../base/duration.ts';
import { countOf } from '../../base/count.ts';
import { checkRings } from './dead-letter-rings.ts';
import type { Finding } from './finding.ts';

type LaterFact = 'now' | 'refusal';

/** Everything the checks look at. */
export interface Facts {
  readonly cliVersion: string;
  readonly protocol: string;
  readonly nowMs: number;
  /** Time of the question to the engine, there and back. */
  readonly roundTripMs: number;
  /** An engine of an earlier version tells less. */
  readonly info: Omit<EngineInfo, LaterFact> & Partial<Pick<EngineInfo, LaterFact>>;
  readonly queues: readonly QueueDetail[];
  readonly workers: readonly WorkerView[];
  readonly subscriptions: readonly SubscriptionView[];
  /** Why the engine cannot read its jobs, of which nothing is known then; `null` when it can. */
  readonly unreadable: { readonly message: string; readonly hint: string | null } | null;
  /** Problems of the configuration file found here; `null` when there is none. */
  readonly config: { readonly file: string; readonly problems: readonly ConfigProblem[] } | null;
}

/** Clocks further apart than this make times hard to compare. */
const MAX_SKEW_MS = 2_000;
const SLOW_MS = 500;
/** A queue whose oldest job waits longer than this is worth a look. */
const LONG_WAIT_MS = 5 * 60_000;

/** Looks at everything; the findings are in the order of the checks. */
export function examine(facts: Facts): readonly Finding[] {
  return [
    checkAnswer(facts),
    checkVersions(facts),
    checkClock(facts),
    checkStore(facts),
    ...(facts.unreadable === null ? checkJobs(facts) : []),
    checkConfig(facts),
  ];
}

/** What is found by reading the store. */
function checkJobs(facts: Facts): readonly Finding[] {
  return [
    ...checkWorkers(facts),
    ...checkPaused(facts),
    ...checkWaiting(facts),
    ...checkSlo(facts),
    ...checkAlerts(facts),
    ...checkDead(facts),
    ...checkSubscriptions(facts),
    ...checkRings(facts.subscriptions),
  ];
}

function ok(check: string, text: string): Finding {
  return { check, level: 'ok', text, mend: null };
}

function checkAnswer({ roundTripMs }: Facts): Finding {
  const took = formatDuration(roundTripMs);
  if (roundTripMs <= SLOW_MS) return ok('engine', `it answers in ${took}`);
  return {
    check: 'engine',
    level: 'warn',
    text: `it took ${took} to answer`,
    mend: 'look at the load of its machine, and at the network in between',
  };
}

function checkVersions({ info, cliVersion, protocol }: Facts): Finding {
  if (info.version === cliVersion && info.protocol === protocol) {
    return ok('versions', `engine and command line are both ${cliVersion}`);
  }
  return {
    check: 'versions',
    level: 'warn',
    text: `the engine is ${info.version} (protocol ${info.protocol}), this command line ${cliVersion} (protocol ${protocol})`,
    mend: 'install the same version of both',
  };
}

function checkClock({ info, nowMs, roundTripMs }: Facts): Finding {
  // an engine of an earlier version does not tell its time
  if (info.now === undefined) return ok('clock', 'the engine does not tell its time');
  const skewMs = Math.max(0, Math.abs(Date.parse(info.now) - nowMs) - roundTripMs);
  if (skewMs <= MAX_SKEW_MS) return ok('clock', 'the same time here and at the engine');
  return {
    check: 'clock',
    level: 'warn',
    text: `the clocks here and at the engine are ${formatDuration(skewMs)} apart`,
    mend: 'synchronise both machines (NTP): times of jobs are those of the engine',
  };
}

function checkStore({ info, unreadable }: Facts): Finding {
  if (unreadable !== null) {
    const { message, hint } = unreadable;
    return { check: 'store', level: 'bad', text: `jobs cannot be read: ${message}`, mend: hint };
  }
  const { refusal } = info;
  if (refusal !== undefined && refusal !== null) {
    const { message, hint } = refusal;
    return { check: 'store', level: 'bad', text: `jobs are refused: ${message}`, mend: hint };
  }
  const where = info.dataDir === null ? info.store : `${info.store} (${info.dataDir})`;
  if (info.store !== 'memory') return ok('store', `${where}: ${info.guarantee}`);
  return {
    check: 'store',
    level: 'warn',
    text: 'jobs are kept in memory: they are lost when the engine ends',
    mend: 'start it without --store memory (and without in_memory), or with a folder',
  };
}

function checkWorkers({ queues, workers }: Facts): readonly Finding[] {
  const lacking = queues.flatMap(({ name, waitingFor }) =>
    waitingFor.map(({ functionId, jobs }): Finding => ({
      check: 'workers',
      level: 'bad',
      text: `${countOf(jobs, 'job')} of ${name} ${jobs === 1 ? 'waits' : 'wait'} for function ${functionId}, which no worker offers`,
      mend: `start a worker that registers ${functionId}; iii worker list shows who is connected`,
    })),
  );
  if (lacking.length > 0) return lacking;
  return [
    ok('workers', `${countOf(workers.length, 'worker')}; no job waits for a missing function`),
  ];
}

function checkPaused({ queues }: Facts): readonly Finding[] {
  return queues
    .filter(({ paused }) => paused)
    .map(({ name, waiting, delayed, pausedUntil }) => ({
      check: 'paused',
      level: 'warn',
      text: `${name} is paused${pausedUntil === undefined ? '' : ` until ${pausedUntil}`}, with ${countOf(waiting + delayed, 'job')} that wait`,
      mend: `iii queue resume ${shellWord(name)}`,
    }));
}

function checkWaiting({ queues }: Facts): readonly Finding[] {
  return queues
    .filter(
      ({ paused, oldestWaitingMs, waitingFor }) =>
        !paused && waitingFor.length === 0 && (oldestWaitingMs ?? 0) > LONG_WAIT_MS,
    )
    .map(({ name, type, oldestWaitingMs }) => ({
      check: 'waiting',
      level: 'warn',
      text: `the oldest job of ${name} has waited ${formatDuration(oldestWaitingMs ?? 0)}`,
      mend:
        type === 'fifo'
          ? `iii group list ${shellWord(name)} --blocked`
          : `iii job list ${shellWord(name)} --state waiting --limit 1, then iii job explain <id>`,
    }));
}

function checkSlo({ queues }: Facts): readonly Finding[] {
  return queues.flatMap(({ name, slo, workers, workersNeeded }) => {
    if (slo?.isMet !== false) return [];
    const waited = formatDuration(slo.currentWaitP95Ms ?? 0);
    const more = (workersNeeded ?? 0) > workers;
    return {
      check: 'slo',
      level: 'warn' as const,
      text: `jobs of ${name} wait ${waited}, more than their SLO of ${formatDuration(slo.waitP95Ms)}`,
      mend: more
        ? `start workers: there ${workers === 1 ? 'is' : 'are'} ${workers}, and it takes about ${workersNeeded ?? 0}`
        : `iii queue show ${shellWord(name)}: more concurrency, or more workers`,
    };
  });
}

function checkAlerts({ queues }: Facts): readonly Finding[] {
  return queues.flatMap(({ name, alerts }) =>
    (alerts ?? []).map(({ alert, since }) => ({
      check: 'alerts',
      level: 'warn' as const,
      text: `the alert ${alert} of ${name} has fired since ${since}`,
      mend: `iii queue show ${shellWord(name)}`,
    })),
  );
}

function checkDead({ queues }: Facts): readonly Finding[] {
  const findings = queues
    .filter(({ dead }) => dead > 0)
    .map(({ name, dead }): Finding => ({
      check: 'dead',
      level: 'warn',
      text: `${countOf(dead, 'job')} of ${name} ${dead === 1 ? 'is' : 'are'} dead`,
      mend: `iii dlq errors ${shellWord(name)}`,
    }));
  return findings.length > 0 ? findings : [ok('dead', 'no dead jobs')];
}

function checkSubscriptions({ subscriptions }: Facts): readonly Finding[] {
  return subscriptions
    .filter(({ workers, waiting }) => workers === 0 && waiting > 0)
    .map(({ topic, functionId, waiting }) => ({
      check: 'subscriptions',
      level: 'bad',
      text: `${countOf(waiting, 'message')} of topic ${topic} ${waiting === 1 ? 'waits' : 'wait'} for ${functionId}, which no worker offers`,
      mend: `start its worker, or end the subscription: iii topic unsubscribe ${shellWord(topic)} ${shellWord(functionId)}`,
    }));
}

function checkConfig({ config }: Facts): Finding {
  if (config === null) return ok('config', 'no configuration file in this folder');
  const { file, problems } = config;
  if (problems.length === 0) return ok('config', `${file} is valid`);
  const bad = problems.some(({ severity }) => severity === 'error');
  return {
    check: 'config',
    level: bad ? 'bad' : 'warn',
    text: `${file} has ${countOf(problems.length, 'problem')}`,
    mend: `iii config validate ${file}`,
  };
}
