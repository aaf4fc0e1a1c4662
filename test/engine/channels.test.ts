import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import {
  afterReturn,
  Channels,
  refTo,
  type Channel,
  type WriterEnd,
} from '../../src/engine/channels.ts';
import { Worker } from '../../src/engine/workers.ts';

const link = { send: () => undefined, bufferedBytes: () => 0, close: () => undefined };
const info = { remoteAddress: '127.0.0.1', role: null, tokenName: null };

function setUp() {
  const clock = new ManualClock();
  const channels = new Channels(clock, systemRandom);
  const worker = (id: string): Worker => new Worker(id, link, info, clock.now());
  return { clock, channels, worker };
}

/** An end that keeps what it was told. */
function end(): WriterEnd & { readonly told: string[] } {
  const told: string[] = [];
  const tell = (what: string) => (): void => {
    told.push(what);
  };
  return { told, attached: tell('attached'), wake: tell('wake'), closed: tell('closed') };
}

const text = (content: string) => ({ kind: 'text', text: content }) as const;

function readAll(channel: Channel): string[] {
  const texts: string[] = [];
  for (let item = channel.read(); item !== undefined; item = channel.read()) {
    texts.push(item.kind === 'text' ? item.text : Buffer.from(item.bytes).toString());
  }
  return texts;
}

describe('a channel', () => {
  it('carries texts and bytes in order, and ends after the last', () => {
    const { channels } = setUp();
    const channel = channels.create(null);
    const writer = end();
    channel.connectWriter(writer);
    channel.write(text('a'));
    channel.write({ kind: 'bytes', bytes: Buffer.from('b') });
    channel.releaseWriter(writer, false);
    const reader = end();
    expect(channel.connectReader(reader)).toBe(true);
    expect(reader.told).toEqual(['wake']);
    expect(channel.isOver).toBe(false);
    expect(readAll(channel)).toEqual(['a', 'b']);
    expect(channel.isOver).toBe(true);
    expect(channels.size).toBe(0);
  });

  it('wakes a reader that came first, and tells it of the end', () => {
    const { channels } = setUp();
    const channel = channels.create(null);
    const [writer, reader] = [end(), end()];
    channel.connectReader(reader);
    channel.connectWriter(writer);
    expect(reader.told).toEqual([]);
    channel.write(text('a'));
    expect(readAll(channel)).toEqual(['a']);
    channel.releaseWriter(writer, false);
    expect(reader.told).toEqual(['wake', 'wake']);
    expect(readAll(channel)).toEqual([]);
    expect(channel.isOver).toBe(true);
  });

  it.each([
    [2, 2],
    [0, 1],
    [-5, 1],
    [5_000, 1_024],
    [undefined, 64],
  ])('with a buffer of %s stops its writer at %i items until one was read', (size, limit) => {
    const { channels } = setUp();
    const channel = channels.create(null, size);
    const writer = end();
    channel.connectWriter(writer);
    for (let n = 1; n < limit; n++) expect(channel.write(text('x'))).toBe(true);
    expect(channel.write(text('x'))).toBe(false);
    expect(writer.told).toEqual(['attached']);
    channel.read();
    expect(writer.told).toEqual(['attached', 'wake']);
  });

  it('is full after 4 MiB however few items they are', () => {
    const { channels } = setUp();
    const channel = channels.create(null);
    channel.connectWriter(end());
    const bytes = new Uint8Array(2 * 1024 * 1024);
    expect(channel.write({ kind: 'bytes', bytes })).toBe(true);
    expect(channel.write({ kind: 'bytes', bytes })).toBe(false);
  });

  it('has one reader, and goes when that one is told to drop it', () => {
    const { channels } = setUp();
    const channel = channels.create(null);
    const [writer, reader] = [end(), end()];
    channel.connectWriter(writer);
    expect(channel.connectReader(reader)).toBe(true);
    expect(channel.connectReader(end())).toBe(false);
    channel.write(text('a'));
    channel.drop();
    expect(writer.told.at(-1)).toBe('closed');
    expect(channel.write(text('b'))).toBe(false);
    expect(channel.read()).toBeUndefined();
    expect(channels.find(channel.id, channel.key)).toBeUndefined();
    expect(channel.connectReader(end())).toBe(false);
  });

  it('waits a moment for a writer that let go only for now', async () => {
    const { channels, clock } = setUp();
    const channel = channels.create(null);
    const [first, second, reader] = [end(), end(), end()];
    channel.connectReader(reader);
    channel.connectWriter(first);
    channel.write(text('a'));
    channel.releaseWriter(first, true);
    await clock.advance(99);
    channel.connectWriter(second);
    channel.write(text('b'));
    await clock.advance(1_000);
    expect(readAll(channel)).toEqual(['a', 'b']);
    expect(channel.isOver).toBe(false);
    channel.releaseWriter(second, true);
    await clock.advance(100);
    readAll(channel);
    expect(channel.isOver).toBe(true);
  });

  it('holds a second writer back until the first has let go', () => {
    const { channels } = setUp();
    const channel = channels.create(null);
    const [first, second, third] = [end(), end(), end()];
    channel.connectWriter(first);
    channel.connectWriter(second);
    channel.connectWriter(third);
    expect(second.told).toEqual([]);
    expect(third.told).toEqual(['closed']);
    channel.releaseWriter(first, true);
    expect(second.told).toEqual(['attached']);
  });

  it('refuses a second writer when the first stays, and when it has ended', async () => {
    const { channels, clock } = setUp();
    const channel = channels.create(null);
    const [first, second, third] = [end(), end(), end()];
    channel.connectWriter(first);
    channel.connectWriter(second);
    await clock.advance(100);
    expect(second.told).toEqual(['closed']);
    channel.connectWriter(third);
    channel.releaseWriter(first, false);
    expect(third.told).toEqual(['closed']);
    const late = end();
    channel.connectWriter(late);
    expect(late.told).toEqual(['closed']);
  });
});

describe('the table of channels', () => {
  it('finds a channel by id and key only', () => {
    const { channels } = setUp();
    const channel = channels.create(null);
    const other = channels.create(null);
    expect(channels.find(channel.id, channel.key)).toBe(channel);
    expect(channels.find(channel.id, other.key)).toBeUndefined();
    expect(channels.find(channel.id, '')).toBeUndefined();
    expect(channels.find('__proto__', channel.key)).toBeUndefined();
    expect(refTo(channel, 'read')).toEqual({
      channel_id: channel.id,
      access_key: channel.key,
      direction: 'read',
    });
    expect(encodeURIComponent(channel.id)).toBe(channel.id);
  });

  it('drops what a worker made when it goes, and nothing else', () => {
    const { channels, worker } = setUp();
    const [one, two] = [worker('1'), worker('2')];
    const writer = end();
    channels.create(one).connectWriter(writer);
    channels.create(two);
    channels.removeOwnedBy(one);
    expect(writer.told).toEqual(['attached', 'closed']);
    expect(channels.size).toBe(1);
  });

  it('sweeps channels with an unused side after 5 minutes, and no others', async () => {
    const { channels, clock, worker } = setUp();
    const owner = worker('1');
    channels.create(owner).connectWriter(end());
    const used = channels.create(owner);
    used.connectWriter(end());
    used.connectReader(end());
    channels.create(null);
    await clock.advance(4 * 60_000);
    expect(channels.size).toBe(3);
    await clock.advance(60_000);
    expect(channels.size).toBe(2);
    used.drop();
    expect(clock.nextTimerAt()).toBeUndefined();
  });

  it('has an end for each worker', () => {
    const { channels, worker } = setUp();
    const owner = worker('1');
    for (let n = 0; n < 1_024; n++) channels.create(owner);
    expect(() => channels.create(owner)).toThrow('1024 open channels');
    channels.create(worker('2'));
  });
});

it('the time to come back does not pass in one go while the process stands still', () => {
  const timers: { delayMs: number; run: () => void }[] = [];
  // as after a standstill: every timer is due at once, but connections are seen between any two
  const clock = {
    now: () => 0,
    wallNow: () => 0,
    after: (delayMs: number, run: () => void) => {
      timers.push({ delayMs, run });
      return () => undefined;
    },
  };
  let isOver = false;
  afterReturn(clock, () => (isOver = true));
  for (const { run } of timers) {
    expect(isOver).toBe(false);
    run();
  }
  expect(isOver).toBe(true);
  expect(timers.length).toBeGreaterThan(3);
  expect(timers.reduce((total, { delayMs }) => total + delayMs, 0)).toBe(100);
});
