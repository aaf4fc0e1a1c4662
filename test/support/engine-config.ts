import { createHash } from 'node:crypto';

type Settings = Readonly<Record<string, unknown>>;

/** A configuration file with these queues; YAML reads JSON. `top` are keys of the top level. */
export function engineConfig(
  queues: Readonly<Record<string, Settings>>,
  top: Settings = {},
): string {
  const queue = { name: 'iii-queue', config: { queue_configs: queues } };
  return JSON.stringify({ workers: [queue], ...top }, null, 2);
}

/** A token of one role, and the line of a configuration that lets it in. */
export function testToken(role: 'worker' | 'read' | 'operate' | 'admin'): {
  readonly token: string;
  readonly entry: Settings;
} {
  const token = `test-token-of-role-${role}-0123456789abcdef`;
  const hash = createHash('sha256').update(token).digest('hex');
  return { token, entry: { name: role, role, hash } };
}
