import type { Completion, OptionSpec } from '../command.ts';
import { COMMANDS, commandsOf, namesOf, NOUNS, takesValue } from '../tree.ts';
import { GLOBAL_OPTIONS } from '../tree/options.ts';

/** What can stand at the place of the cursor. */
export type Wanted =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'ask'; readonly what: Exclude<Completion, 'context' | 'file' | 'directory'> }
  | { readonly kind: 'context' }
  | { readonly kind: 'file' }
  | { readonly kind: 'directory' };

const NOTHING: Wanted = { kind: 'words', words: [] };

/**
 * Decides what the shell can offer.
 * @param typed the words after `iii`, the last one being the one at the cursor, perhaps empty
 */
export function findWanted(typed: readonly string[]): Wanted {
  const before = typed.slice(0, -1);
  const current = typed.at(-1) ?? '';
  const place = locate(before);
  if (place.kind === 'value') return wantedOf(place.option);
  if (current.startsWith('-')) {
    return { kind: 'words', words: place.options.flatMap(namesOf).filter(isLong) };
  }
  if (place.kind === 'command') return { kind: 'words', words: place.words };
  if (place.argument === undefined) return NOTHING;
  return wantedOf(place.argument);
}

const ENGINE_OPTIONS = { '--url': 'url', '--context': 'context', '--token-file': 'tokenFile' };

/** The options among the typed words that say which engine is to be asked. */
export function engineOptionsOf(typed: readonly string[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [flag, key] of Object.entries(ENGINE_OPTIONS)) {
    const at = typed.indexOf(flag);
    // The last word is still being typed.
    const value = at >= 0 && at < typed.length - 2 ? typed[at + 1] : undefined;
    if (value !== undefined) found[key] = value;
  }
  return found;
}

type Place =
  | { readonly kind: 'value'; readonly option: OptionSpec }
  | { readonly kind: 'command'; readonly words: readonly string[]; readonly options: Options }
  | {
      readonly kind: 'argument';
      readonly argument: Pick<OptionSpec, 'choices' | 'completes'> | undefined;
      readonly options: Options;
    };
type Options = readonly OptionSpec[];

/** Walks over the words before the cursor. */
function locate(before: readonly string[]): Place {
  const words: string[] = [];
  let open: OptionSpec | undefined;
  for (const word of before) {
    if (open !== undefined) open = undefined;
    else if (word.startsWith('-') && word !== '-') {
      const option = optionsAt(words).find((candidate) => namesOf(candidate).includes(word));
      if (option !== undefined && takesValue(option)) open = option;
    } else words.push(word);
  }
  if (open !== undefined) return { kind: 'value', option: open };
  const spec = commandAt(words);
  const options = optionsAt(words);
  if (spec === undefined) return { kind: 'command', words: commandWords(words), options };
  const given = words.length - spec.path.length;
  const list = spec.arguments ?? [];
  const argument = list[given] ?? (list.at(-1)?.variadic === true ? list.at(-1) : undefined);
  return { kind: 'argument', argument, options };
}

function commandWords(words: readonly string[]): readonly string[] {
  const [noun] = words;
  if (noun !== undefined) return words.length === 1 ? verbsOf(noun) : [];
  const single = COMMANDS.filter(({ path, hidden }) => path.length === 1 && hidden !== true);
  return [...single.map(({ path }) => path[0] ?? ''), ...NOUNS.map(({ name }) => name)];
}

function verbsOf(noun: string): readonly string[] {
  return commandsOf(noun).map(({ path }) => path[1] ?? '');
}

function commandAt(words: readonly string[]) {
  return COMMANDS.find(
    ({ path }) => path.length <= words.length && path.every((word, index) => words[index] === word),
  );
}

function optionsAt(words: readonly string[]): Options {
  const own = (commandAt(words)?.options ?? []).filter(({ hidden }) => hidden !== true);
  return [...own, ...GLOBAL_OPTIONS];
}

function wantedOf({ choices, completes }: Pick<OptionSpec, 'choices' | 'completes'>): Wanted {
  if (choices !== undefined) return { kind: 'words', words: choices };
  if (completes === undefined) return NOTHING;
  if (completes === 'file' || completes === 'directory' || completes === 'context') {
    return { kind: completes };
  }
  return { kind: 'ask', what: completes };
}

function isLong(name: string): boolean {
  return name.startsWith('--');
}
