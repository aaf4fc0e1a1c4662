import type { Connection } from 'rabbitmq-client';
import { IiiError } from '../../base/errors.ts';

/** What of the client is used as a value. */
interface Client {
  readonly Connection: typeof Connection;
}

/**
 * Loads the AMQP client, which is installed only where RabbitMQ is used.
 * @throws IiiError UNAVAILABLE with the line that installs it
 */
export async function loadClient(
  load: () => Promise<Client> = () => import('rabbitmq-client'),
): Promise<Client> {
  try {
    return await load();
  } catch (cause) {
    throw new IiiError('UNAVAILABLE', 'The RabbitMQ store needs the package rabbitmq-client.', {
      reason: 'It is installed only where it is used.',
      hint: 'Run: npm install rabbitmq-client@5 (with -g when iii is installed globally).',
      cause,
    });
  }
}
