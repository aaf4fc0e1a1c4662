#compdef iii
# zsh completion of iii, made from its command tree.
# iii completion zsh > "${fpath[1]}/_iii", or: source <(iii completion zsh)

_iii() {
  local -a found
  local answer
  if (( CURRENT == 2 )) && [[ "$words[CURRENT]" != -* ]]; then
    found=(
        'serve:run the engine in the foreground'
        'demo:see retries, dead letters and redrive happen, in one minute'
        'enqueue:put jobs in a queue'
        'trigger:call a function and print its result'
        'audit:who changed what, the latest first'
        'doctor:what is wrong with an engine, and what mends each thing'
        'logs:what happens in the engine, as it happens'
        'wait:until a job has ended, or a queue has nothing left to run'
        'top:queues, workers and failures, live on the whole screen'
        'bench:make load on an engine, and measure it'
        'publish:publish a message to a topic'
        'completion:print the completion script of a shell'
        'help:help on a command, exit-codes or examples'
        'version:versions of this tool, the protocol, and the running engine'
        'queue:look at queues, pause and resume them'
        'job:look at jobs, cancel them'
        'group:groups of fifo queues: which stand still, and how to let them go on'
        'dlq:look at dead jobs, bring them back, throw them away'
        'task:bulk changes under way'
        'undo:bring back what was ended'
        'topic:topics and who is subscribed'
        'subscription:durable subscriptions'
        'trigger-type:kinds of events that call functions'
        'engine:the engines on the same jobs'
        'worker:connected workers'
        'function:functions that can be called'
        'store:check, copy and look at the folder that keeps the jobs'
        'context:several engines by name'
        'config:check, show, compare and apply configurations'
        'token:tokens for engines that ask for one'
    )
  elif (( CURRENT == 3 )) && [[ "$words[CURRENT]" != -* ]]; then
    case "$words[2]" in
      queue)
      found=(
        'list:every queue with its counts'
        'show:settings and counts of one queue, and what it waits for'
        'pause:start no more jobs of a queue; jobs in flight finish'
        'resume:start jobs of a paused queue again'
        'drain:wait until nothing of a queue waits or runs any more'
        'purge:discard what waits in a queue; jobs in flight finish, dead ones stay'
      ) ;;
      job)
      found=(
        'list:jobs, in the order in which they were accepted'
        'show:one job: payload, and every attempt with its error'
        'cancel:discard jobs that wait; those in flight go on'
        'retry:let jobs run now: dead ones, and those that wait for their next attempt'
        'move:put jobs that wait or are dead into another queue'
        'edit:give a job that waits or is dead another payload'
        'explain:why a job is not running now, and what would change it'
      ) ;;
      group)
      found=(
        'list:groups of a fifo queue that have jobs, with the job each waits for'
        'show:one group: its head, why that does not run, what it failed of, what waits behind it'
        'skip:let a group go on without its head, which becomes a dead job'
        'park:let a group wait until a time, or until it is resumed; the other groups go on'
        'resume:let a parked group go on'
      ) ;;
      dlq)
      found=(
        'list:dead jobs of a queue, or how many each queue has'
        'show:everything about one dead job'
        'redrive:bring dead jobs back to their queue'
        'discard:throw dead jobs away'
        'purge:throw every dead job of a queue away, or those that a selector selects'
        'errors:dead jobs by what they died of'
        'export:write dead jobs to a file, one per line'
        'import:take dead jobs from a file'
      ) ;;
      task)
      found=(
        'list:bulk changes that run or ran, the latest first'
        'show:one bulk change: what it did, what it left alone and why'
        'watch:wait until a task has ended'
        'pause:let a task rest after the batch under way'
        'resume:let a paused task go on'
        'cancel:end a task after the batch under way; what it did stays'
      ) ;;
      undo)
      found=(
        'list:what was discarded, purged or cancelled and can be brought back'
        'apply:bring back the jobs that a task ended'
      ) ;;
      topic)
      found=(
        'list:topics, who is subscribed, and what piled up or was dropped'
        'unsubscribe:end a durable subscription; its jobs stay until they are discarded'
      ) ;;
      subscription)
      found=(
        'list:every durable subscription with its settings and counts'
      ) ;;
      trigger-type)
      found=(
        'list:kinds of events that functions can be bound to'
      ) ;;
      engine)
      found=(
        'list:the engines on the same jobs'
      ) ;;
      worker)
      found=(
        'list:connected workers'
        'run:run files that export functions and what triggers them'
      ) ;;
      function)
      found=(
        'list:functions that can be called'
        'show:one function: who offers it, and what would call it'
      ) ;;
      store)
      found=(
        'verify:check every record of a file store and its state'
        'backup:copy a file store, also while the engine runs'
        'info:what a file store holds, and which engine uses it'
        'migrate:move jobs, subscriptions and values from one store to another'
      ) ;;
      context)
      found=(
        'list:engines by name; * is in use'
        'show:which engine a command would talk to, and who says so'
        'use:talk to this engine from now on, where nothing else names one'
        'add:give an engine a name, and a token that goes only there'
        'remove:forget an engine, and the token kept for it'
      ) ;;
      config)
      found=(
        'validate:check a configuration file, like a compiler'
        'show:every setting as it is: of the running engine, or as a file would make it'
        'schema:the JSON Schema of the configuration file, for editors'
        'plan:how a file differs from what the engine runs with, and what applying it would do'
        'apply:give the running engine the settings of a file, without a restart where that can be'
      ) ;;
      token)
      found=(
        'create:make a token, and the lines that let it in'
      ) ;;
    esac
  fi
  if (( ${#found} )); then
    _describe 'command' found
    return
  fi
  answer="$("$words[1]" __complete zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null)" || return 0
  case "$answer" in
    '') return 0 ;;
    @file) _files ;;
    @directory) _files -/ ;;
    *) compadd -- ${(f)answer} ;;
  esac
}
if [[ "$funcstack[1]" = _iii ]]; then
  _iii "$@"
else
  compdef _iii iii
fi
