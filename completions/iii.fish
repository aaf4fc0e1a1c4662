# fish completion of iii, made from its command tree.
# iii completion fish > ~/.config/fish/completions/iii.fish

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
            printf '%s\n' $answer
    end
end

complete -c iii -f
complete -c iii -n __iii_at_start -f -a serve -d 'run the engine in the foreground'
complete -c iii -n __iii_at_start -f -a demo -d 'see retries, dead letters and redrive happen, in one minute'
complete -c iii -n __iii_at_start -f -a enqueue -d 'put jobs in a queue'
complete -c iii -n __iii_at_start -f -a trigger -d 'call a function and print its result'
complete -c iii -n __iii_at_start -f -a audit -d 'who changed what, the latest first'
complete -c iii -n __iii_at_start -f -a doctor -d 'what is wrong with an engine, and what mends each thing'
complete -c iii -n __iii_at_start -f -a logs -d 'what happens in the engine, as it happens'
complete -c iii -n __iii_at_start -f -a wait -d 'until a job has ended, or a queue has nothing left to run'
complete -c iii -n __iii_at_start -f -a top -d 'queues, workers and failures, live on the whole screen'
complete -c iii -n __iii_at_start -f -a bench -d 'make load on an engine, and measure it'
complete -c iii -n __iii_at_start -f -a publish -d 'publish a message to a topic'
complete -c iii -n __iii_at_start -f -a completion -d 'print the completion script of a shell'
complete -c iii -n __iii_at_start -f -a help -d 'help on a command, exit-codes or examples'
complete -c iii -n __iii_at_start -f -a version -d 'versions of this tool, the protocol, and the running engine'
complete -c iii -n __iii_at_start -f -a queue -d 'look at queues, pause and resume them'
complete -c iii -n __iii_at_start -f -a job -d 'look at jobs, cancel them'
complete -c iii -n __iii_at_start -f -a group -d 'groups of fifo queues: which stand still, and how to let them go on'
complete -c iii -n __iii_at_start -f -a dlq -d 'look at dead jobs, bring them back, throw them away'
complete -c iii -n __iii_at_start -f -a task -d 'bulk changes under way'
complete -c iii -n __iii_at_start -f -a undo -d 'bring back what was ended'
complete -c iii -n __iii_at_start -f -a topic -d 'topics and who is subscribed'
complete -c iii -n __iii_at_start -f -a subscription -d 'durable subscriptions'
complete -c iii -n __iii_at_start -f -a trigger-type -d 'kinds of events that call functions'
complete -c iii -n __iii_at_start -f -a engine -d 'the engines on the same jobs'
complete -c iii -n __iii_at_start -f -a worker -d 'connected workers'
complete -c iii -n __iii_at_start -f -a function -d 'functions that can be called'
complete -c iii -n __iii_at_start -f -a store -d 'check, copy and look at the folder that keeps the jobs'
complete -c iii -n __iii_at_start -f -a context -d 'several engines by name'
complete -c iii -n __iii_at_start -f -a config -d 'check, show, compare and apply configurations'
complete -c iii -n __iii_at_start -f -a token -d 'tokens for engines that ask for one'
complete -c iii -n '__iii_after queue' -f -a list -d 'every queue with its counts'
complete -c iii -n '__iii_after queue' -f -a show -d 'settings and counts of one queue, and what it waits for'
complete -c iii -n '__iii_after queue' -f -a pause -d 'start no more jobs of a queue; jobs in flight finish'
complete -c iii -n '__iii_after queue' -f -a resume -d 'start jobs of a paused queue again'
complete -c iii -n '__iii_after queue' -f -a drain -d 'wait until nothing of a queue waits or runs any more'
complete -c iii -n '__iii_after queue' -f -a purge -d 'discard what waits in a queue; jobs in flight finish, dead ones stay'
complete -c iii -n '__iii_after job' -f -a list -d 'jobs, in the order in which they were accepted'
complete -c iii -n '__iii_after job' -f -a show -d 'one job: payload, and every attempt with its error'
complete -c iii -n '__iii_after job' -f -a cancel -d 'discard jobs that wait; those in flight go on'
complete -c iii -n '__iii_after job' -f -a retry -d 'let jobs run now: dead ones, and those that wait for their next attempt'
complete -c iii -n '__iii_after job' -f -a move -d 'put jobs that wait or are dead into another queue'
complete -c iii -n '__iii_after job' -f -a edit -d 'give a job that waits or is dead another payload'
complete -c iii -n '__iii_after job' -f -a explain -d 'why a job is not running now, and what would change it'
complete -c iii -n '__iii_after group' -f -a list -d 'groups of a fifo queue that have jobs, with the job each waits for'
complete -c iii -n '__iii_after group' -f -a show -d 'one group: its head, why that does not run, what it failed of, what waits behind it'
complete -c iii -n '__iii_after group' -f -a skip -d 'let a group go on without its head, which becomes a dead job'
complete -c iii -n '__iii_after group' -f -a park -d 'let a group wait until a time, or until it is resumed; the other groups go on'
complete -c iii -n '__iii_after group' -f -a resume -d 'let a parked group go on'
complete -c iii -n '__iii_after dlq' -f -a list -d 'dead jobs of a queue, or how many each queue has'
complete -c iii -n '__iii_after dlq' -f -a show -d 'everything about one dead job'
complete -c iii -n '__iii_after dlq' -f -a redrive -d 'bring dead jobs back to their queue'
complete -c iii -n '__iii_after dlq' -f -a discard -d 'throw dead jobs away'
complete -c iii -n '__iii_after dlq' -f -a purge -d 'throw every dead job of a queue away, or those that a selector selects'
complete -c iii -n '__iii_after dlq' -f -a errors -d 'dead jobs by what they died of'
complete -c iii -n '__iii_after dlq' -f -a export -d 'write dead jobs to a file, one per line'
complete -c iii -n '__iii_after dlq' -f -a import -d 'take dead jobs from a file'
complete -c iii -n '__iii_after task' -f -a list -d 'bulk changes that run or ran, the latest first'
complete -c iii -n '__iii_after task' -f -a show -d 'one bulk change: what it did, what it left alone and why'
complete -c iii -n '__iii_after task' -f -a watch -d 'wait until a task has ended'
complete -c iii -n '__iii_after task' -f -a pause -d 'let a task rest after the batch under way'
complete -c iii -n '__iii_after task' -f -a resume -d 'let a paused task go on'
complete -c iii -n '__iii_after task' -f -a cancel -d 'end a task after the batch under way; what it did stays'
complete -c iii -n '__iii_after undo' -f -a list -d 'what was discarded, purged or cancelled and can be brought back'
complete -c iii -n '__iii_after undo' -f -a apply -d 'bring back the jobs that a task ended'
complete -c iii -n '__iii_after topic' -f -a list -d 'topics, who is subscribed, and what piled up or was dropped'
complete -c iii -n '__iii_after topic' -f -a unsubscribe -d 'end a durable subscription; its jobs stay until they are discarded'
complete -c iii -n '__iii_after subscription' -f -a list -d 'every durable subscription with its settings and counts'
complete -c iii -n '__iii_after trigger-type' -f -a list -d 'kinds of events that functions can be bound to'
complete -c iii -n '__iii_after engine' -f -a list -d 'the engines on the same jobs'
complete -c iii -n '__iii_after worker' -f -a list -d 'connected workers'
complete -c iii -n '__iii_after worker' -f -a run -d 'run files that export functions and what triggers them'
complete -c iii -n '__iii_after function' -f -a list -d 'functions that can be called'
complete -c iii -n '__iii_after function' -f -a show -d 'one function: who offers it, and what would call it'
complete -c iii -n '__iii_after store' -f -a verify -d 'check every record of a file store and its state'
complete -c iii -n '__iii_after store' -f -a backup -d 'copy a file store, also while the engine runs'
complete -c iii -n '__iii_after store' -f -a info -d 'what a file store holds, and which engine uses it'
complete -c iii -n '__iii_after store' -f -a migrate -d 'move jobs, subscriptions and values from one store to another'
complete -c iii -n '__iii_after context' -f -a list -d 'engines by name; * is in use'
complete -c iii -n '__iii_after context' -f -a show -d 'which engine a command would talk to, and who says so'
complete -c iii -n '__iii_after context' -f -a use -d 'talk to this engine from now on, where nothing else names one'
complete -c iii -n '__iii_after context' -f -a add -d 'give an engine a name, and a token that goes only there'
complete -c iii -n '__iii_after context' -f -a remove -d 'forget an engine, and the token kept for it'
complete -c iii -n '__iii_after config' -f -a validate -d 'check a configuration file, like a compiler'
complete -c iii -n '__iii_after config' -f -a show -d 'every setting as it is: of the running engine, or as a file would make it'
complete -c iii -n '__iii_after config' -f -a schema -d 'the JSON Schema of the configuration file, for editors'
complete -c iii -n '__iii_after config' -f -a plan -d 'how a file differs from what the engine runs with, and what applying it would do'
complete -c iii -n '__iii_after config' -f -a apply -d 'give the running engine the settings of a file, without a restart where that can be'
complete -c iii -n '__iii_after token' -f -a create -d 'make a token, and the lines that let it in'
complete -c iii -n __iii_deeper -f -a '(__iii_answers)'
