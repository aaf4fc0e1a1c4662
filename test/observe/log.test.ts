import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { IiiError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { createLogger, type LogOptions } from '../../src/observe/log.ts';

function recordLog(options: Partial<Omit<LogOptions, 'stream'>> & { isTTY?: boolean } = {}) {
  const { isTTY = false, ...rest } = options;
  let text = '';
  const stream = {
    isTTY,
    write: (chunk: string) => {
      text += chunk;
    },
  };
  const log = createLogger({
    level: 'info',
    format: 'pretty',
    clock: new ManualClock(),
    ...rest,
    stream,
  });
  return { log, lines: () => text.split('\n').slice(0, -1), text: () => text };
}

describe.each(['pretty', 'json'] as const)('a %s log', (format) => {
  it('writes one line per message, at once', () => {
    const { log, lines } = recordLog({ format });
    log.info('first');
    expect(lines()).toHaveLength(1);
    log.error('second');
    expect(lines()).toHaveLength(2);
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = recordLog({ format, level: 'warn' });
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    expect(lines()).toHaveLength(2);
  });

  it('never prints a secret, at any depth', () => {
    const { log, text } = recordLog({ format });
    log.info('m', { token: new Secret('hunter2'), nested: { list: [new Secret('hunter2')] } });
    expect(text()).not.toContain('hunter2');
    expect(text()).toContain('***');
  });

  it('says what an error says, with its code', () => {
    const { log, text } = recordLog({ format });
    log.warn('m', { error: new IiiError('STORE_LOCKED', 'another engine has it') });
    expect(text()).toContain('another engine has it');
    expect(text()).toContain('STORE_LOCKED');
  });

  it('survives values that JSON cannot say', () => {
    const { log, lines } = recordLog({ format });
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    log.info('m', { cycle, big: 2n ** 64n, nested: { big: 1n }, call: () => 1, none: undefined });
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toContain('18446744073709551616');
  });

  it('keeps a line one line, whatever the text holds', () => {
    const { log, lines } = recordLog({ format });
    log.info('a\nb', { field: 'c\r\nd', 'na\nme': 1 });
    expect(lines()).toHaveLength(1);
  });

  it('has no colour when the stream is no terminal', () => {
    const { log, text } = recordLog({ format });
    log.error('m', { a: 1 });
    expect(text()).not.toContain('\u001b');
  });
});

describe('a json log', () => {
  it('has the time in RFC 3339, the level as a word, the message and the fields', () => {
    const { log, text } = recordLog({ format: 'json' });
    log.info('job accepted', { queue: 'mail', attempts: 2 });
    expect(JSON.parse(text())).toEqual({
      level: 'info',
      time: '2026-01-01T00:00:00.000Z',
      msg: 'job accepted',
      queue: 'mail',
      attempts: 2,
    });
  });

  it('keeps its own names when a field has one of them', () => {
    const { log, text } = recordLog({ format: 'json' });
    log.info('m', { level: 'high', time: 5, msg: 'x' });
    expect(JSON.parse(text())).toEqual({
      level: 'info',
      time: '2026-01-01T00:00:00.000Z',
      msg: 'm',
      level_: 'high',
      time_: 5,
      msg_: 'x',
    });
    expect(text().match(/"level":/g)).toHaveLength(1);
  });

  it('has no colour on a terminal either', () => {
    const { log, text } = recordLog({ format: 'json', isTTY: true });
    log.error('m');
    expect(text()).not.toContain('\u001b');
  });
});

describe('a pretty log', () => {
  it('shows time, level, message, then facts', () => {
    const { log, text } = recordLog();
    log.warn('late answer ignored', { queue: 'mail', ms: 12, why: 'old epoch', at: new Date(0) });
    expect(text()).toBe(
      '2026-01-01 00:00:00.000Z WARN  late answer ignored queue=mail ms=12 why="old epoch" at=1970-01-01T00:00:00.000Z\n',
    );
  });

  it('escapes control and reordering characters in message, names and values', () => {
    const { log, text } = recordLog();
    log.info('a\u001b[2J', { 'n\u0007': 'v\u009b31m', bidi: '\u202eabc', obj: { x: '\u001b' } });
    // eslint-disable-next-line no-control-regex -- this is the point
    expect(text().slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    expect(text()).toContain('a\\u001b[2J');
  });

  it('colours the level on a terminal', () => {
    const { log, text } = recordLog({ colour: true });
    log.error('m');
    // eslint-disable-next-line no-control-regex -- how many colours there are depends on the terminal
    expect(text()).toMatch(/\u001b\[1(;38;5;\d+)?mERROR\u001b\[0m/);
  });

  it.each([
    { noColor: '', coloured: true },
    { noColor: '1', coloured: false },
  ])('follows NO_COLOR=$noColor on a terminal', ({ noColor, coloured }) => {
    const before = process.env['NO_COLOR'];
    process.env['NO_COLOR'] = noColor;
    try {
      const { log, text } = recordLog({ isTTY: true });
      log.error('m');
      expect(text().includes('\u001b')).toBe(coloured);
    } finally {
      if (before === undefined) delete process.env['NO_COLOR'];
      else process.env['NO_COLOR'] = before;
    }
  });
});
