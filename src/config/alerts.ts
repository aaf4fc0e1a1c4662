import { Secret } from '../base/secret.ts';
import { nearest } from '../base/suggest.ts';
import type { QueuePolicy } from '../queue/types.ts';
import { ALERT_AUTH_KEYS, ALERT_KEYS } from './alert-keys.ts';
import type { AlertAuth, AlertConfig } from './config.ts';
import { readDuration, writeDuration } from './durations.ts';
import type { Findings } from './findings.ts';
import type { TOP_KEYS } from './keys.ts';
import { readSection, type Section } from './section.ts';
import type { Tree } from './tree.ts';

type AlertSection = Section<typeof ALERT_KEYS>;

/** Keys that mean nothing for some alerts. */
const KEYS_OF = {
  dead_letters: ['more_than', 'within'],
  no_workers: ['for'],
  slo: ['for'],
} as const;

interface AlertSurroundings {
  /** Those of the file, `default` among them. */
  readonly queues: readonly QueuePolicy[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What the engine is to tell about, in the order written; entries with an error are left out. */
export function readAlerts(
  findings: Findings,
  top: Section<typeof TOP_KEYS>,
  around: AlertSurroundings,
): readonly AlertConfig[] {
  const { alerts } = top.values;
  if (alerts?.kind !== 'list') return [];
  return alerts.items.flatMap((item, index) => {
    const alert = readAlert(findings, item, index, around);
    return alert === undefined ? [] : [alert];
  });
}

function readAlert(
  findings: Findings,
  item: Tree,
  index: number,
  { queues, env }: AlertSurroundings,
): AlertConfig | undefined {
  const errorsBefore = findings.errors;
  const spot = { path: `alerts[${index}]`, range: item.range };
  hideUrl(findings, item);
  if (item.kind !== 'map') {
    // What is here may be the URL itself, so it is not quoted.
    findings.error(
      'wrong_type',
      spot,
      'An alert must be a map of keys',
      'Write: { when: dead_letters, url: https://alerts.example/iii }',
    );
    return undefined;
  }
  const section = readSection(findings, item, spot, ALERT_KEYS, 'an alert');
  const { when, queue, more_than: moreThan, repeat } = section.values;
  const withinMs = readDuration(findings, section, 'within', 1);
  const forMs = readDuration(findings, section, 'for');
  const repeatMs = repeat === null ? null : readDuration(findings, section, 'repeat', 1);
  const url = readUrl(findings, section);
  const auth = readAuth(findings, section, env);
  if (when !== undefined) checkUse(findings, section, when);
  if (when !== undefined) checkQueue(findings, section, when, queues);
  const isWrong = findings.errors > errorsBefore || section.hasRejected;
  if (isWrong || when === undefined || url === undefined) return undefined;
  if (withinMs === null || forMs === null) return undefined;
  return { when, queue, moreThan, withinMs, forMs, repeatMs, url, auth };
}

/** An alert as one line, without what may be a secret: of the URL only where it leads. */
export function describeAlert(alert: AlertConfig): string {
  const { when, queue, moreThan, withinMs, forMs, repeatMs, url, auth } = alert;
  const limit =
    when === 'dead_letters'
      ? `more than ${moreThan} within ${writeDuration(withinMs)}`
      : `for ${writeDuration(forMs)}`;
  const again = repeatMs === null ? '' : `, again every ${writeDuration(repeatMs)}`;
  const how = auth === null ? '' : ` (${auth.kind})`;
  return `${when} of ${queue}, ${limit}${again}, to ${new URL(url.reveal()).origin}${how}`;
}

function readUrl(findings: Findings, section: AlertSection): Secret | undefined {
  const { url } = section.values;
  if (url === undefined) return undefined;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return new Secret(url);
  findings.error(
    'wrong_type',
    section.valueSpot('url'),
    '`url` must be an address that begins with https:// or http://',
    'Write it in full, such as https://alerts.example/iii.',
  );
  return undefined;
}

function readAuth(
  findings: Findings,
  alert: AlertSection,
  env: AlertSurroundings['env'],
): AlertAuth | null {
  const tree = alert.values.auth;
  if (tree === null) return null;
  const section = readSection(findings, tree, alert.keySpot('auth'), ALERT_AUTH_KEYS, '`auth`');
  const { type, env: name, header } = section.values;
  if (type === undefined || name === undefined) return null;
  if (!env[name]) {
    findings.warn(
      'unset_variable',
      section.valueSpot('env'),
      `The environment variable \`${name}\` is not set: nothing can be told without it`,
      'Set it where the engine runs; it holds the secret itself.',
    );
  }
  switch (type) {
    case 'bearer':
      return { kind: 'bearer', tokenEnv: name };
    case 'hmac':
      return { kind: 'hmac', secretEnv: name };
    case 'api_key':
      if (header !== undefined && /^[\w!#$%&'*+.^`|~-]+$/.test(header)) {
        return { kind: 'api_key', header, valueEnv: name };
      }
      findings.error(
        header === undefined ? 'missing_key' : 'bad_name',
        header === undefined ? section.spot : section.valueSpot('header'),
        '`api_key` needs the name of a header',
        'Write: header: x-api-key',
      );
      return null;
  }
}

/** What says nothing about this alert is likely meant for another. */
function checkUse(findings: Findings, section: AlertSection, when: AlertConfig['when']): void {
  for (const key of ['more_than', 'within', 'for'] as const) {
    if (!section.has(key) || KEYS_OF[when].some((used) => used === key)) continue;
    findings.warn(
      'no_effect',
      section.keySpot(key),
      `\`${key}\` changes nothing for \`when: ${when}\``,
      `It takes ${KEYS_OF[when].map((used) => `\`${used}\``).join(' and ')}.`,
    );
  }
}

/** An alert that can never fire looks just like one that has no reason to. */
function checkQueue(
  findings: Findings,
  section: AlertSection,
  when: AlertConfig['when'],
  queues: readonly QueuePolicy[],
): void {
  const { queue } = section.values;
  const meant = queues.filter(({ name }) => queue === '*' || name === queue);
  // subscriptions have queues too, which no file names
  if (meant.length === 0 && !queue.includes('::')) {
    const guess = nearest(
      queue,
      queues.map(({ name }) => name),
    );
    findings.warn(
      'no_effect',
      section.valueSpot('queue'),
      `No queue of this file is called \`${queue}\``,
      guess === undefined ? 'Use `*` for each queue by itself.' : `Did you mean \`${guess}\`?`,
    );
  } else if (when === 'slo' && meant.every(({ sloWaitP95Ms }) => sloWaitP95Ms === null)) {
    findings.warn(
      'no_effect',
      section.valueSpot('when'),
      queue === '*' ? 'No queue has an `slo`' : `The queue \`${queue}\` has no \`slo\``,
      'Give it one: slo: { wait_p95: 30s }',
    );
  }
}

/** Whoever has the URL may post to it, so that the lines shown must not repeat it. */
function hideUrl(findings: Findings, item: Tree): void {
  const url = item.kind === 'map' ? item.entries.find(({ name }) => name === 'url')?.value : item;
  if (url !== undefined) findings.hide(url.range);
}
