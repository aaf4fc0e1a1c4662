import { describe, expect, it } from 'vitest';
import { cutText, textWidth } from '../../../src/cli/output/width.ts';
import { wrap } from '../../../src/cli/output/wrap.ts';

const FAMILY = '👨‍👩‍👧‍👦';
const FLAG = '🇩🇪';

describe('the width of a text', () => {
  it.each([
    ['abc', 3],
    ['日本語', 6],
    ['e\u0301', 1],
    ['ไม่', 2],
    ['✅ ⏰', 5],
    ['❤️', 2],
    ['👍🏽', 2],
    [FLAG, 2],
    [FAMILY, 2],
  ])('of %s is %i', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  it.each([
    ['日本語', 4, '日…'],
    [`a${FAMILY}b`, 3, 'a…'],
    [`${FLAG}${FLAG}x`, 4, `${FLAG}…`],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
  ])('%s cut to %i keeps its characters whole', (text, width, cut) => {
    expect(cutText(text, width)).toBe(cut);
  });
});

describe('a sentence', () => {
  it.each([
    ['one two three', 7, 'one two\nthree'],
    ['a-name-that-is-longer is whole', 10, 'a-name-that-is-longer\nis whole'],
    ['  0    done', 20, '  0    done'],
    ['失敗: もう一度', 8, '失敗: も\nう一度'],
    ['「終わり。」次', 10, '「終わ\nり。」次'],
    ['漢字 漢字', 4, '漢字\n漢字'],
  ])('%j in %i columns', (text, width, lines) => {
    expect(wrap(text, width)).toBe(lines);
  });
});
