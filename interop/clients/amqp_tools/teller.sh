# What every step of amqp-tools' story is told with: the lines for the runner, the commands with the broker's URL, and
# words compared. Sourced by story.sh, which has set $url, $step and $work, a folder of the step's own.

say() { echo "$*" >&3; }

# A step ends with 9 once it has said how.
failed() {
    say failed "$step" "$*"
    exit 9
}

cannot() {
    say cannot "$step" "$*"
    exit 9
}

# What a command wrote to its user about a failure, on one line.
saw() { say saw "$step" "$(tr '\n' ' ' < "$work/errors" | sed 's/ *$//')"; }

publish() { amqp-publish --url="$url" "$@"; }
get() { amqp-get --url="$url" --queue="$1"; }
# What follows -- is the command for each message, which has to read it.
consume() { amqp-consume --url="$url" "$@"; }
declare_queue() { amqp-declare-queue --url="$url" "$@" > "$work/declared"; }
delete_queue() { amqp-delete-queue --url="$url" "$@" > "$work/deleted"; }

# The same beside the step, and ended with it at the latest.
asides=
aside() {
    amqp-consume --url="$url" "$@" &
    asides="$asides $!"
}

# send QUEUE BODY...
send() {
    queue=$1
    shift
    for body in "$@"; do publish --routing-key="$queue" --body="$body"; done
}

# is EXPECTED FOUND
is() { [ "$1" = "$2" ] || failed "expected '$1', found '$2'"; }

# refused COMMAND...: it ends with 1, and what it wrote is what the user saw.
refused() {
    if "$@" 2> "$work/errors"; then failed "$* was not refused"; fi
    saw
}

# is_empty QUEUE: amqp-get tells by its status.
is_empty() {
    status=0
    get "$1" > "$work/left" || status=$?
    is "2 " "$status $(cat "$work/left")"
}

# holds QUEUE BODY...: these in their order and no more; the queue goes.
holds() {
    held=$1
    shift
    for body in "$@"; do is "$body" "$(get "$held")"; done
    is_empty "$held"
    delete_queue --queue="$held"
}

# eventually COMMAND...: ask again until it holds; the step's time is the limit.
eventually() { until "$@"; do sleep 0.05; done; }

wrote() { [ "$(cat "$work/$1")" = "$2" ]; }

# bound NAME EXCHANGE KEY: a consumer whose queue is bound so, and that writes each body on a line of $work/NAME. It is
# there when a message that was sent to its queue has come.
bound() {
    touch "$work/$1"
    aside --queue="story.$1" --exchange="$2" --routing-key="$3" -- sh -c 'cat; echo' > "$work/$1"
    until grep -q ready "$work/$1"; do send "story.$1" ready; done
}

# came NAME BODY...: that consumer got these, and nothing besides before the end.
came() {
    name=$1
    shift
    send "story.$name" end
    eventually grep -q end "$work/$name"
    is "$* end" "$(grep -v ready "$work/$name" | tr '\n' ' ' | sed 's/ $//')"
}
