/** `iii help exit-codes`. */
export const EXIT_CODES_TOPIC = `Exit statuses of iii

  0    done; an empty list too
  1    failed: the job died, the function threw, the engine refused
  2    wrong usage, invalid configuration, or a confirmation is missing
  3    partly done: some lines or ids were bad, or changes need a restart; the rest is done
  4    not allowed: the token is missing, wrong, or may not do this
  5    not found: queue, job or function
  6    the engine does not answer, or not in time
  7    conflict: a job that cannot be cancelled, a port or store in use, a plan that is out of date
  8    differences found: iii config plan
  130  interrupted

A pipe that is closed, as by head -1, ends a command with 0.
`;

/** `iii help examples`: a cheat sheet. Every line stands alone. */
export const EXAMPLES_TOPIC = `Run an engine
  iii serve                                          default queue, jobs kept in ./data
  iii serve -c iii-config.yaml                       your queues
  iii config validate iii-config.yaml                what they will be
  iii config plan iii-config.yaml                    what that changes in a running engine
  iii config apply iii-config.yaml                   change it while jobs run

Give it work
  iii enqueue default --function hello --data '{"name":"you"}'
  iii enqueue default --function hello --delay 5m
  iii enqueue default --function hello --wait        exit status 1 when the job dies
  iii enqueue default --function hello --ndjson jobs.ndjson
  iii trigger orders::price id=7                     call a function now

See what it does
  iii queue list --watch
  iii queue show default                             settings, and what it waits for
  iii job list default --state in_flight
  iii job show <id>                                  payload and every attempt
  iii bench --rate 500/s --duration 30s              what the engine can take

Mend what broke
  iii dlq list                                       dead jobs per queue
  iii dlq list default                               each with its last error
  iii dlq redrive default --dry-run                  what would come back
  iii dlq redrive default                            bring it back
  iii dlq discard default --id <id>                  throw one away

Several engines
  iii context add production --url wss://queues.example.com --token-file ~/.iii-token
  iii context use production                         iii context show: where calls go, and why
  iii queue list --context staging

Scripts
  iii queue list -o json
  iii dlq list default -o name | head -1
  iii dlq list default --all -o ndjson
  III_URL=ws://engine:49134 III_TOKEN=... iii queue list
`;
