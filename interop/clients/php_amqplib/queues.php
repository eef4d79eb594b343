<?php

declare(strict_types=1);

/** The steps about what queues do by themselves: priorities, dead letters, limits; transactions, and calls. */

use PhpAmqpLib\Message\AMQPMessage;

/** A step of work on a queue, with the inbox of its dead letters. */
function dying(string $name, array $more, callable $work): callable
{
    return Rabbit::onQueue("$name.dead", [], function (Rabbit $rabbit, Teller $t, string $dead) use ($name, $more, $work) {
        $rabbit->declare($name, ['x-dead-letter-exchange' => '', 'x-dead-letter-routing-key' => $dead, ...$more]);
        $work($rabbit, $t, $name, $rabbit->consume($dead));
        $rabbit->channel->queue_delete($name);
    });
}

/** Asserts the first x-death entry of a letter, and gives it. */
function death(Teller $t, AMQPMessage $letter, string $queue, string $reason): array
{
    $headers = Rabbit::headers($letter);
    $death = $headers['x-death'][0];
    $got = [$death['queue'], $death['reason'], $death['count'], $death['exchange']];
    $t->equal($got, [$queue, $reason, 1, '']);
    $t->equal($death['time'] instanceof DateTime, true);
    $t->equal($headers['x-first-death-reason'], $reason);
    return $death;
}

function priorities(Rabbit $rabbit, Teller $t, string $queue): void
{
    foreach ([1, 9, 5, 9] as $priority) {
        $rabbit->publish('', $queue, "$priority", ['priority' => $priority]);
    }
    $t->equal($rabbit->drain($queue), ['9', '9', '5', '1']);
}

function deadLetter(Rabbit $rabbit, Teller $t, string $queue, ArrayObject $letters): void
{
    $rabbit->send($queue, 'refused');
    $rabbit->next($rabbit->consume($queue, false))->reject(false);
    $letter = $rabbit->next($letters);
    $t->equal($letter->getBody(), 'refused');
    death($t, $letter, $queue, 'rejected');
}

function messageTtl(Teller $t): void
{
    dying('story.ttl', ['x-message-ttl' => 50], function (Rabbit $rabbit, Teller $t, string $queue, $letters): void {
        $rabbit->send($queue, "the queue's");
        $letter = $rabbit->next($letters);
        $t->equal($letter->getBody(), "the queue's");
        death($t, $letter, $queue, 'expired');
    })($t);
    dying('story.ttl.own', [], function (Rabbit $rabbit, Teller $t, string $queue, $letters): void {
        $rabbit->publish('', $queue, 'its own', ['expiration' => '50']);
        $letter = $rabbit->next($letters);
        $t->equal([$letter->getBody(), $letter->has('expiration')], ['its own', false]);
        $t->equal(death($t, $letter, $queue, 'expired')['original-expiration'], '50');
    })($t);
}

function maxLength(Teller $t): void
{
    Rabbit::onQueue('story.max_length', ['x-max-length' => 2], function (Rabbit $rabbit, Teller $t, $queue): void {
        $rabbit->send($queue, '1', '2', '3');
        $t->equal($rabbit->drain($queue), ['2', '3']);
    })($t);
    $refusing = ['x-max-length' => 2, 'x-overflow' => 'reject-publish'];
    Rabbit::onQueue('story.max_length', $refusing, function (Rabbit $rabbit, Teller $t, string $queue): void {
        $nacked = [];
        $rabbit->channel->set_nack_handler(function (AMQPMessage $message) use (&$nacked): void {
            $nacked[] = $message->getBody();
        });
        $rabbit->send($queue, '1', '2', '3');
        $t->equal($nacked, ['3']);
        $t->equal($rabbit->drain($queue), ['1', '2']);
    })($t);
}

function transactions(Rabbit $rabbit, Teller $t, string $queue): void
{
    $tx = $rabbit->connection->channel();
    $tx->tx_select();
    $tx->basic_publish(new AMQPMessage('undone'), '', $queue);
    $tx->tx_rollback();
    $tx->basic_publish(new AMQPMessage('done'), '', $queue);
    $t->equal($rabbit->messagesIn($queue), 0);
    $tx->tx_commit();
    $t->equal($rabbit->drain($queue), ['done']);
}

function rpc(Rabbit $rabbit, Teller $t, string $queue): void
{
    $calls = $rabbit->consume($queue);
    $client = $rabbit->connection->channel();
    $answers = $rabbit->consume('amq.rabbitmq.reply-to', true, [], $client);
    $calling = ['reply_to' => 'amq.rabbitmq.reply-to', 'correlation_id' => 'call-1'];
    $client->basic_publish(new AMQPMessage('21', $calling), '', $queue);
    $call = $rabbit->next($calls);
    $t->matches('/^amq\.rabbitmq\.reply-to\../', $call->get('reply_to'));
    $answering = ['correlation_id' => $call->get('correlation_id')];
    $rabbit->publish('', $call->get('reply_to'), (string) (2 * (int) $call->getBody()), $answering);
    $answer = $rabbit->next($answers, $client);
    $t->equal([$answer->getBody(), $answer->get('correlation_id')], ['42', 'call-1']);
}

function quorum(Rabbit $rabbit, Teller $t, string $queue, ArrayObject $letters): void
{
    $rabbit->send($queue, 'poison');
    $inbox = $rabbit->consume($queue, false);
    foreach ([null, 1, 2] as $count) {
        $message = $rabbit->next($inbox);
        $t->equal(Rabbit::headers($message)['x-delivery-count'] ?? null, $count);
        $message->nack(true);
    }
    death($t, $rabbit->next($letters), $queue, 'delivery_limit');
}

return [
    'priorities' => Rabbit::onQueue('story.priorities', ['x-max-priority' => 10], priorities(...)),
    'dead_letter' => dying('story.dead_letter', [], deadLetter(...)),
    'message_ttl' => messageTtl(...),
    'max_length' => maxLength(...),
    'transactions' => Rabbit::onQueue('story.tx', [], transactions(...)),
    'rpc' => Rabbit::onQueue('story.rpc', [], rpc(...)),
    'quorum' => dying('story.quorum', ['x-queue-type' => 'quorum', 'x-delivery-limit' => 2], quorum(...)),
];
