import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import type { Io } from '../../src/cli/io.ts';
import { resolveSettings } from '../../src/cli/settings.ts';
import { normaliseUrl } from '../../src/cli/target.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iii-settings-'));
  mkdirSync(join(folder, 'home', 'iii'), { recursive: true });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function resolveWith(options: Record<string, unknown>, env: Record<string, string> = {}) {
  const io = {
    env: { XDG_CONFIG_HOME: join(folder, 'home'), ...env },
    cwd: folder,
    clock: new SystemClock(),
  } as unknown as Io;
  return (await resolveSettings(options, io)).target();
}

const write = (path: string, text: string) => writeFileSync(join(folder, path), text);

describe('a setting', () => {
  it('comes from the option, the environment, the project, the user, the default, in this order', async () => {
    expect((await resolveWith({})).url).toBe('ws://127.0.0.1:49134');
    write('home/iii/config.yaml', 'url: ws://user:1\n');
    expect((await resolveWith({})).url).toBe('ws://user:1');
    write('.iii.yaml', 'url: ws://project:1\n');
    expect((await resolveWith({})).url).toBe('ws://project:1');
    expect((await resolveWith({}, { III_URL: 'ws://env:1' })).url).toBe('ws://env:1');
    const given = await resolveWith({ url: 'ws://option:1' }, { III_URL: 'ws://env:1' });
    expect(given.url).toBe('ws://option:1');
  });

  it('with an unknown name in a file is an error that lists the known ones', async () => {
    write('.iii.yaml', 'urll: ws://x:1\n');
    await expect(resolveWith({})).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it.each([
    ['engine:1', 'ws://engine:1'],
    ['http://engine:1', 'ws://engine:1'],
    ['https://engine', 'wss://engine'],
    ['ws://engine:1/', 'ws://engine:1'],
  ])('for the address may be written as %s', (text, url) => {
    expect(normaliseUrl(text, 'a test')).toBe(url);
  });

  it('for the address never holds a password', () => {
    expect(() => normaliseUrl('ws://u:secret@engine:1', 'a test')).toThrow(/password/);
  });
});

describe('the token', () => {
  it('is read from a file, and never printed', async () => {
    write('token', 'abc\n');
    const { token } = await resolveWith({ tokenFile: 'token' });
    expect(token()?.reveal()).toBe('abc');
    expect(JSON.stringify({ token: token() })).not.toContain('abc');
  });

  it('in the file that was asked for wins over III_TOKEN', async () => {
    write('token', 'abc');
    const { token } = await resolveWith({ tokenFile: 'token' }, { III_TOKEN: 'xyz' });
    expect(token()?.reveal()).toBe('abc');
  });

  it('in III_TOKEN wins over a file named in a settings file', async () => {
    write('token', 'abc');
    write('.iii.yaml', 'token_file: token\n');
    expect((await resolveWith({}, { III_TOKEN: 'xyz' })).token()?.reveal()).toBe('xyz');
  });

  it('in a file that is not there is a usage error', async () => {
    await expect(resolveWith({ tokenFile: 'nope' })).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('an engine that only the folder names', () => {
  beforeEach(() => {
    write('.iii.yaml', 'url: ws://stranger:1\n');
  });

  const refused = expect.objectContaining({ code: 'USAGE' }) as unknown;

  it('gets no token from the environment', async () => {
    const { token } = await resolveWith({}, { III_TOKEN: 'mine' });
    expect(token).toThrow(refused);
    expect(token).not.toThrow(/mine/);
  });

  it('gets no token from a file that the option or the environment names', async () => {
    write('token', 'mine');
    expect((await resolveWith({ tokenFile: 'token' })).token).toThrow(refused);
    expect((await resolveWith({}, { III_TOKEN_FILE: 'token' })).token).toThrow(refused);
  });

  it("gets no token from the user's own settings", async () => {
    write('token', 'mine');
    write('home/iii/config.yaml', `token_file: ${join(folder, 'token')}\n`);
    expect((await resolveWith({})).token).toThrow(refused);
  });

  it('gets no file from outside of the folder, through a link neither', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'iii-elsewhere-'));
    try {
      const secret = join(elsewhere, 'secret');
      writeFileSync(secret, 'mine');
      write('.iii.yaml', `url: ws://stranger:1\ntoken_file: ${secret}\n`);
      expect((await resolveWith({})).token).toThrow(refused);
      symlinkSync(secret, join(folder, 'link'));
      write('.iii.yaml', 'url: ws://stranger:1\ntoken_file: link\n');
      expect((await resolveWith({})).token).toThrow(refused);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it('gets the token that lies in the folder', async () => {
    write('token', 'theirs');
    write('.iii.yaml', 'url: ws://stranger:1\ntoken_file: token\n');
    expect((await resolveWith({})).token()?.reveal()).toBe('theirs');
  });

  it('is called without a token when there is none', async () => {
    expect((await resolveWith({})).token()).toBeNull();
  });

  it.each([
    ['the option', { url: 'ws://stranger:1' }, {}, ''],
    ['the environment', {}, { III_URL: 'ws://stranger:1' }, ''],
    ["the user's own settings", {}, {}, 'url: stranger:1\n'],
  ])('gets the token once %s names it too', async (_where, options, env, own) => {
    write('home/iii/config.yaml', own);
    const { token } = await resolveWith(options, { III_TOKEN: 'mine', ...env });
    expect(token()?.reveal()).toBe('mine');
  });
});
