/** The member of a job's metadata that says where its message came from. */
const MEMBER = 'iii.dead_letter';

/**
 * The topics on which a message has died so far, the first one first. Empty for a message that came
 * from a publisher, and for metadata that says nothing of it.
 */
export function topicsDiedOn(metadata: string | null): readonly string[] {
  if (metadata?.includes(MEMBER) !== true) return [];
  const members = asRecord(JSON.parse(metadata));
  const { topics } = asRecord(members[MEMBER]);
  return Array.isArray(topics) ? topics.filter((topic) => typeof topic === 'string') : [];
}

/** Metadata of a message that died on these topics: JSON text. */
export function deadLetterMetadata(topics: readonly string[]): string {
  return JSON.stringify({ [MEMBER]: { topics } });
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}
