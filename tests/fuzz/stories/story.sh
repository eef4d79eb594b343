# amqp-tools, which stand on rabbitmq-c: a connection for each word.
set -e
command -v amqp-publish > /dev/null || { echo "there are no amqp-tools"; exit 1; }
amqp-declare-queue -u "$1" -q c
amqp-publish -u "$1" -r c -C text/plain -p -H "a: b" -b hello
amqp-get -u "$1" -q c
amqp-delete-queue -u "$1" -q c
