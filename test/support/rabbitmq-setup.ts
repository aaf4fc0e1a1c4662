import type { TestProject } from 'vitest/node';
import { findRabbitMq, RabbitMqServer } from './rabbitmq-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the one broker of a test run; `null` where RabbitMQ is not installed. */
    rabbitmqUrl: string | null;
  }
}

let server: RabbitMqServer | undefined;

/** Starts the broker that all tests of a run share. `RABBITMQ_URL` names one that is there already. */
export async function setup(project: TestProject): Promise<void> {
  const given = process.env['RABBITMQ_URL'];
  const bin = findRabbitMq();
  if (given === undefined && bin !== undefined) server = await RabbitMqServer.start(bin);
  project.provide('rabbitmqUrl', given ?? server?.url ?? null);
}

export async function teardown(): Promise<void> {
  await server?.stop();
}
