import { Secret } from '../base/secret.ts';
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

/** What the engine is to tell about, in the order written; entries with an error are left out. */
export function readAlerts(
  findings: Findings,
  top: Section<typeof TOP_KEYS>,
): readonly AlertConfig[] {
  const { alerts } = top.values;
  if (alerts?.kind !== 'list') return [];
  return alerts.items.flatMap((item, index) => {
    const alert = readAlert(findings, item, index);
    return alert === undefined ? [] : [alert];
  });
}

function readAlert(findings: Findings, item: Tree, index: number): AlertConfig | undefined {
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
  const auth = readAuth(findings, section);
  if (when !== undefined) checkUse(findings, section, when);
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

function readAuth(findings: Findings, alert: AlertSection): AlertAuth | null {
  const tree = alert.values.auth;
  if (tree === null) return null;
  const section = readSection(findings, tree, alert.keySpot('auth'), ALERT_AUTH_KEYS, '`auth`');
  const { type, env, header } = section.values;
  if (type === undefined || env === undefined) return null;
  switch (type) {
    case 'bearer':
      return { kind: 'bearer', tokenEnv: env };
    case 'hmac':
      return { kind: 'hmac', secretEnv: env };
    case 'api_key':
      if (header !== undefined && /^[\w!#$%&'*+.^`|~-]+$/.test(header)) {
        return { kind: 'api_key', header, valueEnv: env };
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

/** Whoever has the URL may post to it, so that the lines shown must not repeat it. */
function hideUrl(findings: Findings, item: Tree): void {
  const url = item.kind === 'map' ? item.entries.find(({ name }) => name === 'url')?.value : item;
  if (url !== undefined) findings.hide(url.range);
}
