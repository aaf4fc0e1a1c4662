import { IiiError } from '../base/errors.ts';
import { nameSome, nearest } from '../base/suggest.ts';

/** QUEUE_NOT_FOUND, naming the nearest and some of the queues there are. */
export function queueNotFound(name: string, known: readonly string[]): IiiError {
  const guess = nearest(name, known);
  return new IiiError(
    'QUEUE_NOT_FOUND',
    `queue '${name}' does not exist; there are ${nameSome(known)}`,
    {
      hint: `${guess === undefined ? '' : `Did you mean '${guess}'? All queues: `}iii queue list`,
      details: { queue: name, known },
    },
  );
}
