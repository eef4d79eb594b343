# The story of Debian's amqp-tools, the commands of rabbitmq-c: sh story.sh URL. Each step is a shell of its own with a
# limit of its own (sh story.sh URL STEP); whatever it left running ends with it.
set -eu

url=${1%/} # to them a URL that ends with a slash means a virtual host without a name
folder=$(dirname "$0")

steps="connect wrong_password wrong_vhost topology default_exchange direct fanout topic headers exchange_to_exchange
    alternate_exchange properties empty_and_large confirms returns acks nack_requeue reject prefetch get_step cancel
    priorities dead_letter message_ttl max_length transactions rpc stream_first stream_last stream_next stream_offset
    stream_timestamp stream_interval quorum error_not_found error_precondition error_access_refused error_unknown_tag
    channel_survives restart close"

connect() { cannot "the commands do not show what the server says of itself"; }

wrong_password() { refused amqp-get --url="$(echo "$url" | sed 's/guest:guest/guest:wrong/')" --queue=story.none; }

wrong_vhost() { refused amqp-get --url="$url/story.nowhere" --queue=story.none; }

topology() {
    declare_queue --durable --queue=story.durable
    is story.durable "$(cat "$work/declared")"
    declare_queue --queue=""
    case $(cat "$work/declared") in amq.gen-*) ;; *) failed "the server gave no name" ;; esac
    delete_queue --queue="$(cat "$work/declared")"
    send story.durable one two
    if delete_queue --queue=story.durable --if-empty; then failed "a queue with messages was deleted"; fi
    aside --queue=story.durable --prefetch-count=1 -- sh -c 'cat; false' > "$work/came"
    eventually wrote came one
    if delete_queue --queue=story.durable --if-unused; then failed "a queue with a consumer was deleted"; fi
    delete_queue --queue=story.durable
    is 1 "$(cat "$work/deleted")" # the other one is out, unacked
    passing story.topology
}

# passing QUEUE: a queue that amqp-consume declares goes with its consumer.
passing() {
    aside --exclusive --queue="$1" --count=1 -- cat > "$work/came"
    until wrote came here; do send "$1" here; done
    wait $!
    if get "$1" > "$work/left"; then failed "an auto-delete queue stayed"; fi
}

default_exchange() {
    declare_queue --queue=story.plain
    send story.plain hello
    holds story.plain hello
}

direct() {
    bound red amq.direct red
    bound blue amq.direct blue
    for key in red blue green; do publish --exchange=amq.direct --routing-key="$key" --body="$key"; done
    came red red
    came blue blue
}

fanout() {
    for name in one two three; do bound "$name" amq.fanout ignored; done
    publish --exchange=amq.fanout --body=copy
    for name in one two three; do came "$name" copy; done
}

topic() {
    bound star amq.topic "*.orange.*"
    bound several amq.topic "lazy.#"
    for key in quick.orange.fox lazy lazy.orange.fox.indeed orange lazy.orange.elephant; do
        publish --exchange=amq.topic --routing-key="$key" --body="$key"
    done
    came star quick.orange.fox lazy.orange.elephant
    came several lazy lazy.orange.fox.indeed lazy.orange.elephant
}

headers() { cannot "amqp-consume binds without arguments"; }
exchange_to_exchange() { cannot "no command binds exchanges"; }
alternate_exchange() { cannot "no command declares an exchange"; }
properties() { cannot "amqp-get and amqp-consume show nothing of a message but its body"; }

empty_and_large() {
    declare_queue --queue=story.sizes
    printf '' | publish --routing-key=story.sizes
    head -c 1048576 /dev/urandom > "$work/large"
    publish --routing-key=story.sizes < "$work/large"
    is "" "$(get story.sizes)"
    get story.sizes > "$work/got"
    cmp "$work/large" "$work/got"
    holds story.sizes
    printf 'one\ntwo\n' | publish --line-buffered --routing-key=story.sizes 2> "$work/errors" || failed "no lines"
}

confirms() { cannot "amqp-publish waits for no confirms"; }
returns() { cannot "amqp-publish knows no mandatory messages"; }

acks() {
    declare_queue --queue=story.acks
    send story.acks a b c
    # What the command made of a message decides: with 0 it is acked, each on its own.
    is "a b" "$(consume --queue=story.acks --count=2 -- sh -c 'cat; printf " "' | sed 's/ $//')"
    is c "$(consume --queue=story.acks --count=1 -- sh -c 'cat; false')"
    holds story.acks c
}

nack_requeue() { cannot "amqp-consume acks or leaves unacked"; }
reject() { cannot "amqp-consume acks or leaves unacked"; }

prefetch() {
    declare_queue --queue=story.prefetch
    send story.prefetch 0 1 2 3 4 5 6
    # Three that are not acked fill it; the one that is makes room for another.
    aside --queue=story.prefetch --prefetch-count=3 -- sh -c 'read -r body; echo "$body"; [ "$body" = 1 ]' \
        > "$work/came"
    eventually wrote came "$(printf '0\n1\n2\n3')"
    sleep 0.2
    wrote came "$(printf '0\n1\n2\n3')" || failed "more came"
    delete_queue --queue=story.prefetch
    is 3 "$(cat "$work/deleted")"
}

get_step() {
    declare_queue --queue=story.get
    send story.get one two
    is one "$(get story.get)"
    is two "$(get story.get)"
    is_empty story.get # its status is 2; how many are left it does not show
    delete_queue --queue=story.get
}

cancel() {
    declare_queue --queue=story.cancel
    send story.cancel before after
    is before "$(consume --queue=story.cancel --count=1 cat)"
    # A consumer of a deleted queue is not told: it has not said that it wants to hear that.
    holds story.cancel after
}

no_arguments="no command declares a queue with arguments"
priorities() { cannot "$no_arguments"; }
dead_letter() { cannot "$no_arguments"; }
message_ttl() { cannot "$no_arguments"; }
max_length() { cannot "$no_arguments"; }
transactions() { cannot "no command has transactions"; }

rpc() {
    refused publish --routing-key=story.none --reply-to=amq.rabbitmq.reply-to --body=question
    cannot "amqp-publish does not consume, and direct replies go to the channel that asked"
}

stream_first() { cannot "$no_arguments"; }
stream_last() { cannot "$no_arguments"; }
stream_next() { cannot "$no_arguments"; }
stream_offset() { cannot "$no_arguments"; }
stream_timestamp() { cannot "$no_arguments"; }
stream_interval() { cannot "$no_arguments"; }
quorum() { cannot "$no_arguments"; }

error_not_found() {
    refused get story.nowhere
    refused consume --queue=story.nowhere cat
    refused publish --exchange=story.nowhere --routing-key=key --body=lost
}

error_precondition() {
    declare_queue --queue=story.declared
    refused declare_queue --durable --queue=story.declared
    delete_queue --queue=story.declared
}

error_access_refused() {
    refused declare_queue --queue=amq.mine
    refused publish --routing-key=amq.rabbitmq.log --exchange=amq.rabbitmq.trace --body=mine
    aside --exclusive --queue=story.mine -- cat > "$work/came"
    until [ -s "$work/came" ]; do send story.mine here; done
    refused get story.mine
}

error_unknown_tag() { cannot "amqp-consume acks what came to it and nothing else"; }
channel_survives() { cannot "a command ends with its channel"; }

# The loop is how its users recover: a command ends when its connection does.
restart() {
    declare_queue --durable --queue=story.restart
    publish --persistent --routing-key=story.restart --body=kept
    publish --persistent --routing-key=story.restart --body=too
    work_on > "$work/came" &
    asides=$!
    eventually wrote came "$(printf 'kept\ntoo')"
    touch "$work/again"
    say restart
    read -r answer
    is restarted "$answer"
    eventually publish --persistent --routing-key=story.restart --body=new
    eventually wrote came "$(printf 'kept\ntoo\ntoo\nnew')"
    kill "$asides"
    wait "$asides" || delete_queue --queue=story.restart
}

# "too" is at work while the broker stops, and comes again.
work_on() {
    trap 'kill $!; exit 1' TERM
    while :; do
        aside --queue=story.restart --prefetch-count=1 \
            -- sh -c 'read -r body; echo "$body"; [ "$body" != too ] || [ -e "$0" ]' "$work/again"
        wait $! || sleep 0.2
    done
}

# The name is free again when the command has ended.
close() {
    passing story.closing
    passing story.closing
}

exec 3>&1
if [ $# -eq 2 ]; then
    step=$2
    work=$(mktemp -d)
    exec > "$work/out"
    trap 'kill $asides 2> "$work/errors" || :; rm -rf "$work"' EXIT
    . "$folder/teller.sh"
    "$step"
    exit
fi
for name in $steps; do
    step=${name%_step}
    limit=10
    [ "$name" = restart ] && limit=120
    status=0
    timeout "$limit" sh "$0" "$url" "$name" || status=$?
    case $status in
        0) echo "ok $step" ;;
        9) ;; # it has said so
        124) echo "failed $step took longer than $limit s" ;;
        *) echo "failed $step ended with $status" ;;
    esac
done
