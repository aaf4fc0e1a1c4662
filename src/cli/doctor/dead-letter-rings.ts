import { nameSome } from '../../base/suggest.ts';
import type { SubscriptionView } from '../../admin/contract.ts';
import type { Finding } from './finding.ts';

/**
 * Topics whose dead-letter topics lead back to them. A message goes round once and is kept everywhere;
 * who set it up so may have expected that it is tried for ever.
 */
export function checkRings(subscriptions: readonly SubscriptionView[]): readonly Finding[] {
  const next = new Map<string, Set<string>>();
  for (const { topic, deadLetterTopic } of subscriptions) {
    if (deadLetterTopic === null) continue;
    next.set(topic, (next.get(topic) ?? new Set()).add(deadLetterTopic));
  }
  const reach = new Map([...next.keys()].map((topic) => [topic, reachedFrom(topic, next)]));
  const told = new Set<string>();
  const findings: Finding[] = [];
  for (const [topic, reached] of reach) {
    if (told.has(topic) || !reached.has(topic)) continue;
    const ring = [...reached].filter((other) => reach.get(other)?.has(topic) === true).toSorted();
    for (const one of ring) told.add(one);
    findings.push({
      check: 'dead-letter topics',
      level: 'warn',
      text: `the dead-letter topics of ${nameSome(ring)} lead back to them: a message goes round once, and is kept wherever it died`,
      mend: `let one of them have no dead_letter_topic, or one outside: iii topic list`,
    });
  }
  return findings;
}

/** The topics that dead messages of one may come to; itself too, when they come back. */
function reachedFrom(
  topic: string,
  next: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlySet<string> {
  const reached = new Set(next.get(topic));
  // a set that grows while it is gone through is gone through to its end
  for (const one of reached) for (const further of next.get(one) ?? []) reached.add(further);
  return reached;
}
