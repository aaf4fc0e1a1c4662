import { createHash, randomBytes } from 'node:crypto';
import type { RunCommand } from '../../command.ts';
import { usageError } from '../../usage.ts';

/** Random bytes of a token: 256 bits. */
const TOKEN_BYTES = 32;

export const run: RunCommand = async (context, input) => {
  const { output } = context;
  const name = input.text('name') ?? 'operator';
  if (!/^[\w.-]{1,64}$/.test(name)) {
    throw usageError(
      `'${name}' is not a name for a token`,
      'use letters, digits, . _ and -',
      'it has another character, or is empty or longer than 64',
    );
  }
  const role = input.text('role') ?? 'operate';
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const hash = createHash('sha256').update(token).digest('hex');
  const lines = [
    'auth:',
    '  tokens:',
    `    - name: ${name}`,
    `      role: ${role}`,
    `      hash: ${hash}`,
  ];
  await output.note('The token is printed only now. In the configuration of the engine stands:');
  await output.note(lines.join('\n'));
  await output.done({ token, name, role, hash }, token, token);
  return 0;
};
