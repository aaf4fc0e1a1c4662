import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TokenSources } from './tokens.ts';

/** What a configuration refers to outside its own text, taken from the machine it is read on. */
export const machineSources: TokenSources = {
  env: process.env,
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      // Missing and unreadable are the same to the caller, which names the file in its error.
      return undefined;
    }
  },
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
};
