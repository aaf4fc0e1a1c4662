import type { CancelTimer, Clock } from '../../base/clock.ts';
import { countOf } from '../../base/count.ts';
import { formatDuration } from '../../base/duration.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { EngineEvent } from '../../engine/events.ts';
import type { SloStatus } from '../queue-needs.ts';
import { nextPhase, QUIET, type AlertNews, type AlertPhase } from './alert-phase.ts';
import { NoticeOutbox, type NoticeCounts, type SendNotice } from './notice-outbox.ts';
import { SlidingCount } from './sliding-count.ts';
import { ToldAlerts, type AlertRecords, type ToldAlert } from './told-alerts.ts';

/** How often conditions are looked at. */
const CHECK_MS = 2_000;
const EACH_QUEUE = '*';

/** What is watched, of which queue, and who is told. */
export interface AlertRule {
  /** The same at every start for the same condition and receiver. */
  readonly id: string;
  readonly when: 'dead_letters' | 'no_workers' | 'slo';
  /** A name; `*` for each queue by itself. */
  readonly queue: string;
  /** `dead_letters`: jobs that may die within `withinMs`. */
  readonly moreThan: number;
  readonly withinMs: number;
  /** The others: how long it must be so. */
  readonly forMs: number;
  readonly repeatMs: number | null;
  readonly send: SendNotice;
}

/** What is to be known of a queue. */
export interface AlertReading {
  readonly queue: string;
  /** Jobs that wait for a function that no worker offers; none while it is paused. */
  readonly withoutWorker: number;
  readonly slo: SloStatus | null;
}

export interface AlertsParts {
  readonly rules: readonly AlertRule[];
  readonly readQueues: () => Promise<readonly AlertReading[]>;
  readonly records: AlertRecords;
  /** Whether other engines have the same records: each counts only the deaths it has seen itself. */
  readonly isShared: boolean;
  /** Which engine tells it. */
  readonly engine: { readonly id: string; readonly host: string; readonly version: string };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface FiringAlert {
  readonly when: AlertRule['when'];
  readonly queue: string;
  /** Since when it is so, in milliseconds since the epoch. */
  readonly since: number;
}

/** One rule with what it has seen so far. */
interface Watch {
  readonly rule: AlertRule;
  readonly outbox: NoticeOutbox;
  readonly deaths: Map<string, SlidingCount>;
  readonly phases: Map<string, AlertPhase>;
  /** Queues whose receiver knows that it fires, and whether jobs died since that was kept. */
  readonly told: Map<string, boolean>;
}

/** What one look found. */
interface Sight {
  readonly isSo: boolean;
  readonly value: number;
  readonly limit: number;
  readonly text: string;
}

/**
 * Tells people about queues that need them. What receivers know to be firing is kept over a restart:
 * it is not told again, and its end is told. Looking never waits for telling.
 */
export class Alerts {
  readonly #parts: AlertsParts;
  readonly #watches: readonly Watch[];
  readonly #counts: NoticeCounts = { delivered: 0, failed: 0, dropped: 0 };
  readonly #kept: ToldAlerts;
  #cancelCheck: CancelTimer = () => undefined;
  #isTakenUp = false;
  #stopped = false;

  constructor(parts: AlertsParts) {
    this.#parts = parts;
    const { clock, random, log } = parts;
    const counts = this.#counts;
    this.#kept = new ToldAlerts(parts.records, log);
    this.#watches = parts.rules.map((rule) => {
      const about = `${rule.when} of ${rule.queue}`;
      const outbox = new NoticeOutbox({ send: rule.send, about, counts, clock, random, log });
      return { rule, outbox, deaths: new Map(), phases: new Map(), told: new Map() };
    });
  }

  /** To be subscribed to the engine's events. */
  readonly observe = (event: EngineEvent): void => {
    if (event.kind !== 'job_dead') return;
    for (const { rule, deaths, told } of this.#watches) {
      if (rule.when !== 'dead_letters' || !isAbout(rule, event.queue)) continue;
      let count = deaths.get(event.queue);
      if (count === undefined) deaths.set(event.queue, (count = new SlidingCount(rule.withinMs)));
      count.add(this.#parts.clock.now());
      if (told.has(event.queue)) told.set(event.queue, true);
    }
  };

  /** Begins to look; without rules it never does. */
  start(): void {
    if (this.#watches.length > 0) this.#checkLater();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelCheck();
    for (const { outbox } of this.#watches) outbox.stop();
  }

  /** What fires now. */
  firing(): readonly FiringAlert[] {
    return this.#watches.flatMap(({ rule, phases }) =>
      [...phases].flatMap(([queue, phase]) =>
        phase.kind === 'firing' ? [{ when: rule.when, queue, since: phase.since }] : [],
      ),
    );
  }

  /** What became of notices since the engine started. */
  get counts(): Readonly<NoticeCounts> {
    return { ...this.#counts };
  }

  /** Goes on with what was told before the start; all of it, or nothing when it cannot be read. */
  async #takeUp(): Promise<void> {
    const kept = this.#watches.filter(({ rule }) => this.#isKept(rule));
    const found = await Promise.all(kept.map(({ rule }) => this.#kept.load(rule.id)));
    for (const [at, watch] of kept.entries()) this.#goOn(watch, found[at] ?? new Map());
    this.#isTakenUp = true;
  }

  #goOn({ rule, deaths, phases, told }: Watch, found: ReadonlyMap<string, ToldAlert>): void {
    for (const [queue, alert] of found) {
      phases.set(queue, { kind: 'firing', since: alert.since, toldAt: alert.toldAt });
      told.set(queue, false);
      if (alert.deaths === 0) continue;
      const now = this.#parts.clock.now();
      // they count as if all had died with the last: it is over rather late than too early
      const count = new SlidingCount(rule.withinMs);
      count.add(alert.seenAt, alert.deaths);
      const since = deaths.get(queue)?.total(now) ?? 0;
      if (since > 0) count.add(now, since);
      deaths.set(queue, count);
    }
  }

  /** Another engine cannot go on with deaths that only one has counted. */
  #isKept({ when }: AlertRule): boolean {
    return when !== 'dead_letters' || !this.#parts.isShared;
  }

  #keep({ rule, told }: Watch, queue: string, alert: ToldAlert | null): void {
    if (!this.#isKept(rule)) return;
    if (alert === null) told.delete(queue);
    else told.set(queue, false);
    this.#kept.keep(rule.id, queue, alert);
  }

  #checkLater(): void {
    this.#cancelCheck = this.#parts.clock.after(CHECK_MS, () => {
      void this.#check();
    });
  }

  async #check(): Promise<void> {
    try {
      if (!this.#isTakenUp) await this.#takeUp();
      const needsQueues = this.#watches.some(({ rule }) => rule.when !== 'dead_letters');
      const readings = needsQueues ? await this.#parts.readQueues() : [];
      for (const watch of this.#watches) this.#look(watch, readings);
    } catch (thrown) {
      this.#parts.log.warn('queues could not be looked at for alerts', {
        error: messageOf(thrown),
      });
    }
    if (!this.#stopped) this.#checkLater();
  }

  #look(watch: Watch, readings: readonly AlertReading[]): void {
    const { rule, deaths, phases, told, outbox } = watch;
    const now = this.#parts.clock.now();
    const sights = new Map<string, Sight>();
    for (const [queue, count] of deaths)
      sights.set(queue, seeDeaths(rule, queue, count.total(now)));
    if (rule.when !== 'dead_letters') {
      for (const reading of readings) {
        if (isAbout(rule, reading.queue)) sights.set(reading.queue, see(rule, reading));
      }
    }
    // a queue that is gone has nothing wrong with it any more
    for (const queue of phases.keys()) {
      if (!sights.has(queue)) sights.set(queue, nothing(`${queue} is gone`));
    }
    // deaths need no time to be real
    const timing = rule.when === 'dead_letters' ? { ...rule, forMs: 0 } : rule;
    for (const [queue, sight] of sights) {
      const before = phases.get(queue) ?? QUIET;
      const { phase, news } = nextPhase(before, sight.isSo, now, timing);
      if (phase.kind === 'quiet') phases.delete(queue);
      else phases.set(queue, phase);
      const since = phase.kind === 'quiet' && before.kind !== 'quiet' ? before : phase;
      const kept =
        phase.kind === 'firing'
          ? { ...phase, deaths: rule.when === 'dead_letters' ? sight.value : 0, seenAt: now }
          : null;
      if (news === null || since.kind === 'quiet') {
        // more have died: after a restart it lasts until these are old
        if (kept !== null && told.get(queue) === true) this.#keep(watch, queue, kept);
        continue;
      }
      outbox.add(this.#write(rule, queue, news, since.since, sight), () => {
        this.#keep(watch, queue, kept);
      });
    }
    for (const [queue, count] of deaths) if (count.total(now) === 0) deaths.delete(queue);
  }

  /** The JSON that is posted; documented in docs/metrics.md. */
  #write(rule: AlertRule, queue: string, news: AlertNews, since: number, sight: Sight): string {
    const { clock, engine, log } = this.#parts;
    const { value, limit, text } = sight;
    const state = news === 'resolved' ? 'resolved' : 'firing';
    log.warn(`an alert is ${state}`, { alert: rule.when, queue, text });
    return JSON.stringify({
      alert: rule.when,
      state,
      repeated: news === 'repeated',
      queue,
      text: `${state === 'resolved' ? 'resolved: ' : ''}${text}`,
      ...{ value, limit },
      since: new Date(since).toISOString(),
      at: new Date(clock.now()).toISOString(),
      engine,
    });
  }
}

function isAbout({ queue }: AlertRule, name: string): boolean {
  return queue === EACH_QUEUE || queue === name;
}

function seeDeaths({ moreThan, withinMs }: AlertRule, queue: string, died: number): Sight {
  return {
    isSo: died > moreThan,
    value: died,
    limit: moreThan,
    text: `${countOf(died, 'job')} of ${queue} died within ${formatDuration(withinMs)}`,
  };
}

function see({ when }: AlertRule, { queue, withoutWorker, slo }: AlertReading): Sight {
  if (when === 'no_workers') {
    const wait = withoutWorker === 1 ? 'waits' : 'wait';
    return {
      isSo: withoutWorker > 0,
      value: withoutWorker,
      limit: 0,
      text: `${countOf(withoutWorker, 'job')} of ${queue} ${wait} for functions that no worker offers`,
    };
  }
  if (slo === null) return nothing(`${queue} has no SLO`);
  const waitMs = slo.currentWaitP95Ms ?? 0;
  return {
    isSo: !slo.isMet,
    value: waitMs,
    limit: slo.waitP95Ms,
    text: `jobs of ${queue} wait ${formatDuration(waitMs)}, with an SLO of ${formatDuration(slo.waitP95Ms)}`,
  };
}

function nothing(text: string): Sight {
  return { isSo: false, value: 0, limit: 0, text };
}
