# bash completion of iii, made from its command tree.
# source <(iii completion bash)

_iii() {
  local current="${COMP_WORDS[COMP_CWORD]}" words="" line
  # Ids hold colons, and bash splits words there: take the typed line apart at spaces only.
  local -a typed
  read -ra typed <<< "${COMP_LINE:0:COMP_POINT}"
  [[ "${COMP_LINE:0:COMP_POINT}" == *[[:space:]] ]] && typed+=("")
  local last="${typed[${#typed[@]} - 1]}"
  COMPREPLY=()
  if [[ ${#typed[@]} -eq 2 && "$last" != -* ]]; then
    words="serve demo enqueue trigger audit doctor logs wait top bench publish completion help version queue job group dlq task undo topic subscription trigger-type engine worker function store context config token"
  elif [[ ${#typed[@]} -eq 3 && "$last" != -* ]]; then
    case "${typed[1]}" in
      queue) words="list show pause resume drain purge" ;;
      job) words="list show cancel retry move edit explain" ;;
      group) words="list show skip park resume" ;;
      dlq) words="list show redrive discard purge errors export import" ;;
      task) words="list show watch pause resume cancel" ;;
      undo) words="list apply" ;;
      topic) words="list unsubscribe" ;;
      subscription) words="list" ;;
      trigger-type) words="list" ;;
      engine) words="list" ;;
      worker) words="list run" ;;
      function) words="list show" ;;
      store) words="verify backup info migrate" ;;
      context) words="list show use add remove" ;;
      config) words="validate show schema plan apply" ;;
      token) words="create" ;;
    esac
  fi
  if [[ -z "$words" ]]; then
    words="$("${typed[0]}" __complete bash -- "${typed[@]:1}" 2>/dev/null)" || return 0
  fi
  case "$words" in
    @file) compopt -o default 2>/dev/null; return 0 ;;
    @directory) compopt -o dirnames 2>/dev/null; return 0 ;;
  esac
  while IFS= read -r line; do
    [[ "$line" == "$last"* && -n "$line" ]] && COMPREPLY+=("$line")
  done <<< "${words// /$'\n'}"
  # What stands before the last colon has been typed already, as a word of its own.
  if [[ "$last" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
    local typed_part="${last%"${last##*:}"}" index
    for index in "${!COMPREPLY[@]}"; do
      COMPREPLY[index]="${COMPREPLY[index]#"$typed_part"}"
    done
  fi
}
complete -F _iii iii
