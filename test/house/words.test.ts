import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { readTrackedFiles } from './tracked-files.ts';

/**
 * One word per thing: these mean something that already has a name. Names with an underscore come
 * from the wire and are not ours to choose.
 */
const WORDS_THAT_HAVE_A_NAME: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/consumer/i, 'worker'],
  [/partition/i, 'group'],
  [/reservation/i, 'lease'],
  [/redelivery|requeue/i, 'retry of a job: attempt; back from the dead: redrive'],
  [/webhook/i, 'trigger'],
  [/^(message|task|execution)Ids?$|(Message|Task|Execution)Ids?$/, 'job id'],
  [/^runIds?$|RunIds?$/, 'invocation id'],
  [/^[A-Z]\w*(Manager|Helper|Impl|Utils?)$/, 'what the thing does'],
  [/^I[A-Z][a-z]\w*(?:Store|Clock|Logger|Service)$/, 'the name without I'],
];

/** Names of AMQP 0-9-1 and its client library, which only the store that speaks it may use. */
const WORDS_OF_AMQP = /^(messageId|oneConsumer|singleActiveConsumer|requeue)$/;

interface Use {
  readonly identifier: string;
  readonly path: string;
}

function identifiersOf(path: string, text: string): Use[] {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, undefined, text);
  const uses: Use[] = [];
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    if (kind !== ts.SyntaxKind.Identifier && kind !== ts.SyntaxKind.PrivateIdentifier) continue;
    const identifier = scanner.getTokenText().replace('#', '');
    if (identifier.includes('_')) continue;
    if (path.startsWith('src/stores/rabbitmq/') && WORDS_OF_AMQP.test(identifier)) continue;
    uses.push({ identifier, path });
  }
  return uses;
}

function findForeignWords(uses: readonly Use[]): string[] {
  return uses.flatMap(({ identifier, path }) =>
    WORDS_THAT_HAVE_A_NAME.filter(([pattern]) => pattern.test(identifier)).map(
      ([, instead]) => `${path}: ${identifier} (say: ${instead})`,
    ),
  );
}

describe('the words of the code', () => {
  it('are one for each thing', () => {
    const uses = readTrackedFiles()
      .filter(({ path }) => path.startsWith('src/') && path.endsWith('.ts'))
      .flatMap(({ path, text }) => identifiersOf(path, text));
    expect(uses.length).toBeGreaterThan(1_000);
    expect([...new Set(findForeignWords(uses))]).toEqual([]);
  });

  it('are looked for in names, not in comments, texts or wire names', () => {
    const text = `
      // a consumer
      const consumer_count = 'partition';
      class ConnectionManager { #partitions = 1; jobIds = 2; }
    `;
    expect(findForeignWords(identifiersOf('x.ts', text))).toEqual([
      'x.ts: ConnectionManager (say: what the thing does)',
      'x.ts: partitions (say: group)',
    ]);
  });
});
