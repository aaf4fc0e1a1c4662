import { COMMANDS, commandsOf, NOUNS } from '../tree.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * The completion script of a shell. Commands are in the script itself, so that the first words cost
 * nothing; everything after them is asked from `iii __complete`.
 */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case 'bash':
      return bash();
    case 'zsh':
      return zsh();
    case 'fish':
      return fish();
  }
}

/** First words, each with what it does. */
function firstWords(): readonly (readonly [string, string])[] {
  return [
    ...COMMANDS.filter(({ path, hidden }) => path.length === 1 && hidden !== true).map(
      ({ path, summary }) => [path[0] ?? '', summary] as const,
    ),
    ...NOUNS.map(({ name, summary }) => [name, summary] as const),
  ];
}

function verbs(noun: string): readonly (readonly [string, string])[] {
  return commandsOf(noun).map(({ path, summary }) => [path[1] ?? '', summary] as const);
}

function names(words: readonly (readonly [string, string])[]): string {
  return words.map(([word]) => word).join(' ');
}

const HEAD = (shell: Shell, use: string): string =>
  `# ${shell} completion of iii, made from its command tree.\n# ${use}\n`;

function bash(): string {
  const cases = NOUNS.map(({ name }) => `      ${name}) words="${names(verbs(name))}" ;;`).join(
    '\n',
  );
  return `${HEAD('bash', 'source <(iii completion bash)')}
_iii() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="" line
  # Ids hold colons, and bash splits words there: take the typed line apart at spaces only.
  local -a typed
  read -ra typed <<< "\${COMP_LINE:0:COMP_POINT}"
  [[ "\${COMP_LINE:0:COMP_POINT}" == *[[:space:]] ]] && typed+=("")
  local last="\${typed[\${#typed[@]} - 1]}"
  COMPREPLY=()
  if [[ \${#typed[@]} -eq 2 && "$last" != -* ]]; then
    words="${names(firstWords())}"
  elif [[ \${#typed[@]} -eq 3 && "$last" != -* ]]; then
    case "\${typed[1]}" in
${cases}
    esac
  fi
  if [[ -z "$words" ]]; then
    words="$("\${typed[0]}" __complete bash -- "\${typed[@]:1}" 2>/dev/null)" || return 0
  fi
  case "$words" in
    @file) compopt -o default 2>/dev/null; return 0 ;;
    @directory) compopt -o dirnames 2>/dev/null; return 0 ;;
  esac
  while IFS= read -r line; do
    [[ "$line" == "$last"* && -n "$line" ]] && COMPREPLY+=("$line")
  done <<< "\${words// /$'\\n'}"
  # What stands before the last colon has been typed already, as a word of its own.
  if [[ "$last" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
    local typed_part="\${last%"\${last##*:}"}" index
    for index in "\${!COMPREPLY[@]}"; do
      COMPREPLY[index]="\${COMPREPLY[index]#"$typed_part"}"
    done
  fi
}
complete -F _iii iii
`;
}

function zsh(): string {
  const describe = (words: readonly (readonly [string, string])[]): string =>
    words.map(([word, summary]) => `'${quote(`${word}:${summary}`)}'`).join('\n        ');
  const cases = NOUNS.map(
    ({ name }) => `      ${name})
      found=(
        ${describe(verbs(name))}
      ) ;;`,
  ).join('\n');
  return `#compdef iii
${HEAD('zsh', 'iii completion zsh > "${fpath[1]}/_iii", or: source <(iii completion zsh)')}
_iii() {
  local -a found
  local answer
  if (( CURRENT == 2 )) && [[ "$words[CURRENT]" != -* ]]; then
    found=(
        ${describe(firstWords())}
    )
  elif (( CURRENT == 3 )) && [[ "$words[CURRENT]" != -* ]]; then
    case "$words[2]" in
${cases}
    esac
  fi
  if (( \${#found} )); then
    _describe 'command' found
    return
  fi
  answer="$("$words[1]" __complete zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)" || return 0
  case "$answer" in
    '') return 0 ;;
    @file) _files ;;
    @directory) _files -/ ;;
    *) compadd -- \${(f)answer} ;;
  esac
}
if [[ "$funcstack[1]" = _iii ]]; then
  _iii "$@"
else
  compdef _iii iii
fi
`;
}

function fish(): string {
  const first = firstWords().map(
    ([word, summary]) =>
      `complete -c iii -n __iii_at_start -f -a ${word} -d '${quote(summary, '\\')}'`,
  );
  const second = NOUNS.flatMap(({ name }) =>
    verbs(name).map(
      ([word, summary]) =>
        `complete -c iii -n '__iii_after ${name}' -f -a ${word} -d '${quote(summary, '\\')}'`,
    ),
  );
  return `${HEAD('fish', 'iii completion fish > ~/.config/fish/completions/iii.fish')}
function __iii_at_start
    test (count (commandline -opc)) -eq 1
end

function __iii_after
    set -l words (commandline -opc)
    test (count $words) -eq 2; and test $words[2] = $argv[1]
end

function __iii_deeper
    not __iii_at_start
end

function __iii_answers
    set -l words (commandline -opc)
    set -l answer ($words[1] __complete fish -- $words[2..-1] (commandline -ct) 2>/dev/null)
    switch "$answer[1]"
        case @file
            __fish_complete_path (commandline -ct)
        case @directory
            __fish_complete_directories (commandline -ct)
        case '*'
            printf '%s\\n' $answer
    end
end

complete -c iii -f
${first.join('\n')}
${second.join('\n')}
complete -c iii -n __iii_deeper -f -a '(__iii_answers)'
`;
}

/** Text inside single quotes of a shell. */
function quote(text: string, escape = "'\\'"): string {
  return text.replaceAll("'", escape === '\\' ? "\\'" : `${escape}'`);
}
