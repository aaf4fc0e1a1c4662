/** What a coloured text means. */
export type Shade = 'good' | 'bad' | 'warn' | 'dim';

/** How a meaning looks: a colour of the 256 that terminals share, a weight, both or neither. */
export interface Appearance {
  readonly color?: number;
  readonly bold?: true;
}

export type Palette = Readonly<Record<Shade, Appearance>>;
type Env = Readonly<Record<string, string | undefined>>;

/**
 * None of the first 16 colours is used: themes redefine them, and what the terminals ship is hard to read
 * on one background or the other (xterm's yellow on white: 1.7 to 1). Where the background is known, every
 * colour has a contrast of at least 4.5 to 1. No colour has that on both: between #1e1e1e and white there
 * are 16.7, so the best is 4.08, and 3.73 for the two backgrounds of Solarized. Where the background is
 * not known the colours are near that, and bold; what is of less importance is plain text.
 */
export const PALETTES: Readonly<Record<'dark' | 'light' | 'any' | 'weight', Palette>> = {
  dark: { good: { color: 108 }, bad: { color: 210 }, warn: { color: 179 }, dim: { color: 247 } },
  light: { good: { color: 22 }, bad: { color: 124 }, warn: { color: 94 }, dim: { color: 241 } },
  any: {
    good: { color: 65, bold: true },
    bad: { color: 167, bold: true },
    warn: { color: 100, bold: true },
    dim: {},
  },
  /** For a terminal that has only the first 16 colours. */
  weight: { good: {}, bad: { bold: true }, warn: { bold: true }, dim: {} },
};

/** The palette for the terminal that an environment tells of. */
export function choosePalette(env: Env): Palette {
  if (!has256Colors(env)) return PALETTES.weight;
  return PALETTES[backgroundOf(env) ?? 'any'];
}

const NAMES_WITH_256 = /256|direct|alacritty|contour|foot|ghostty|kitty|wezterm/;

function has256Colors(env: Env): boolean {
  if (env['FORCE_COLOR'] === '2' || env['FORCE_COLOR'] === '3') return true;
  // of Windows the consoles themselves, of CI the pages that show a log
  const signs = [env['COLORTERM'], env['TMUX'], env['CI'], env['OS'] === 'Windows_NT' && 'yes'];
  return signs.some(Boolean) || NAMES_WITH_256.test(env['TERM'] ?? '');
}

/** What a terminal tells in `COLORFGBG`: the numbers of its colours, the background last. */
function backgroundOf(env: Env): 'dark' | 'light' | null {
  // inside tmux and screen it is what the terminal told that they were started in
  if (env['TMUX'] || env['STY']) return null;
  const background = /;(\d{1,2})$/.exec(env['COLORFGBG'] ?? '')?.[1];
  if (background === undefined) return null;
  const number = Number(background);
  if (number > 15) return null;
  return number < 7 || number === 8 ? 'dark' : 'light';
}
