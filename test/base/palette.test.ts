import { describe, expect, it } from 'vitest';
import { choosePalette, type Palette, PALETTES } from '../../src/base/palette.ts';

const DARK = { black: '#000000', 'dark gray': '#1e1e1e', 'Solarized dark': '#002b36' };
const LIGHT = { white: '#ffffff', 'Solarized light': '#fdf6e3' };
/** What WCAG asks of text, and what two opposite backgrounds leave of it. */
const READABLE = 4.5;
const ON_EITHER = 3.4;

const STEPS = [0, 95, 135, 175, 215, 255];
const CUBE = 16;
const GRAYS = 232;

/** Red, green and blue of a color from the cube of the 256, or from their grays. */
function channelsOf(color: number): readonly number[] {
  if (color >= GRAYS) return new Array<number>(3).fill(8 + 10 * (color - GRAYS));
  const at = color - CUBE;
  return [at / 36, (at / 6) % 6, at % 6].map((step) => STEPS[Math.floor(step)] ?? 0);
}

const channelsOfHex = (hex: string): readonly number[] =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

/** As WCAG 2 defines it, from 0 for black to 1 for white. */
function luminance(channels: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: readonly number[], other: readonly number[]): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const colored = (palette: Palette) =>
  Object.entries(palette).flatMap(([shade, { color, bold }]) =>
    color === undefined ? [] : [{ shade, color, bold }],
  );

describe('the colors', () => {
  it.each([
    ['dark', DARK],
    ['light', LIGHT],
  ] as const)('for a %s background can be read on it', (name, backgrounds) => {
    expect(colored(PALETTES[name])).toHaveLength(4);
    for (const { shade, color } of colored(PALETTES[name])) {
      for (const [background, hex] of Object.entries(backgrounds)) {
        const found = contrast(channelsOf(color), channelsOfHex(hex));
        expect(found, `${shade} on ${background}`).toBeGreaterThanOrEqual(READABLE);
      }
    }
  });

  it('for any background are near to what is possible on all, and bold', () => {
    expect(colored(PALETTES.any)).toHaveLength(3);
    for (const { shade, color, bold } of colored(PALETTES.any)) {
      expect(bold, shade).toBe(true);
      for (const [background, hex] of Object.entries({ ...DARK, ...LIGHT })) {
        const found = contrast(channelsOf(color), channelsOfHex(hex));
        expect(found, `${shade} on ${background}`).toBeGreaterThanOrEqual(ON_EITHER);
      }
    }
  });

  it('cannot be readable on both: not even the best one is', () => {
    const whole = contrast(channelsOfHex('#1e1e1e'), channelsOfHex('#ffffff'));
    expect(Math.sqrt(whole)).toBeLessThan(READABLE);
  });

  it('are none of the first 16, which each terminal has its own idea of', () => {
    for (const palette of Object.values(PALETTES))
      for (const { color } of colored(palette)) expect(color).toBeGreaterThanOrEqual(CUBE);
    expect(colored(PALETTES.weight)).toEqual([]);
  });
});

describe('the palette', () => {
  const XTERM = { TERM: 'xterm-256color' };

  it.each([
    { env: XTERM, palette: 'any' },
    { env: { ...XTERM, COLORFGBG: '15;0' }, palette: 'dark' },
    { env: { ...XTERM, COLORFGBG: '12;8' }, palette: 'dark' },
    { env: { ...XTERM, COLORFGBG: '0;15' }, palette: 'light' },
    { env: { ...XTERM, COLORFGBG: '0;default;7' }, palette: 'light' },
    { env: { ...XTERM, COLORFGBG: '0;default' }, palette: 'any' },
    { env: { ...XTERM, COLORFGBG: '0;77' }, palette: 'any' },
    { env: { ...XTERM, COLORFGBG: '15;0', TMUX: 'socket,1,0' }, palette: 'any' },
    { env: { ...XTERM, COLORFGBG: '15;0', STY: '1.pts' }, palette: 'any' },
    { env: { TERM: 'xterm-kitty' }, palette: 'any' },
    { env: { TERM: 'xterm', COLORTERM: 'truecolor' }, palette: 'any' },
    { env: { OS: 'Windows_NT' }, palette: 'any' },
    { env: { CI: 'true' }, palette: 'any' },
    { env: { FORCE_COLOR: '3' }, palette: 'any' },
    { env: { TERM: 'linux' }, palette: 'weight' },
    { env: { TERM: 'vt220', FORCE_COLOR: '1', COLORFGBG: '15;0' }, palette: 'weight' },
    { env: {}, palette: 'weight' },
  ] as const)('for $env is $palette', ({ env, palette }) => {
    expect(choosePalette(env)).toBe(PALETTES[palette]);
  });
});
