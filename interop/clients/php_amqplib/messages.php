<?php

declare(strict_types=1);

/** The steps about messages on their way: what survives, what is confirmed, returned, acknowledged, held back. */

use PhpAmqpLib\Exception\AMQPBasicCancelException;
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;

function properties(Rabbit $rabbit, Teller $t, string $queue): void
{
    $sent = [
        'content_type' => 'application/json',
        'content_encoding' => 'utf-8',
        'delivery_mode' => 2,
        'priority' => 5,
        'correlation_id' => 'c-1',
        'reply_to' => 'answers',
        'expiration' => '60000',
        'message_id' => 'm-1',
        'timestamp' => 1_700_000_000,
        'type' => 'greeting',
        'user_id' => 'guest',
        'app_id' => 'story',
    ];
    // php-amqplib writes a float as a string.
    $headers = [
        'str' => 'žluťoučký',
        'int' => -42,
        'long' => 2 ** 40,
        'bool' => true,
        'list' => [1, 'two', false, ['deep' => 'yes']],
        'table' => ['a' => ['b' => 1]],
        'nothing' => null,
    ];
    $table = new AMQPTable($headers);
    $table->set('bytes', "\x00\xff\x80", AMQPTable::T_BYTES);
    $table->set('timestamp', new DateTime('@1700000000'));
    $rabbit->publish('', $queue, '{}', [...$sent, 'application_headers' => $table]);
    $got = $rabbit->channel->basic_get($queue, true);
    foreach ($sent as $name => $value) {
        $t->equal($got->get($name), $value);
    }
    $back = Rabbit::headers($got);
    $t->equal($back['timestamp']->getTimestamp(), 1_700_000_000);
    $t->equal($back['bytes'], "\x00\xff\x80");
    unset($back['timestamp'], $back['bytes']);
    ksort($back);
    ksort($headers);
    $t->equal($back, $headers);
}

function emptyAndLarge(Rabbit $rabbit, Teller $t, string $queue): void
{
    $large = str_repeat('leveret ', 1 << 17);
    $rabbit->send($queue, '', $large);
    $t->equal($rabbit->channel->basic_get($queue, true)->getBody(), '');
    $t->equal($rabbit->channel->basic_get($queue, true)->getBody() === $large, true);
}

function confirms(Rabbit $rabbit, Teller $t, string $queue): void
{
    $acked = 0;
    $rabbit->channel->set_ack_handler(function (AMQPMessage $message) use (&$acked): void {
        $acked++;
    });
    for ($number = 0; $number < 100; $number++) {
        $rabbit->channel->basic_publish(new AMQPMessage("$number"), '', $queue);
    }
    $rabbit->channel->wait_for_pending_acks(5);
    $t->equal([$acked, $rabbit->messagesIn($queue)], [100, 100]);
}

function returns(Rabbit $rabbit, Teller $t): void
{
    $returned = [];
    $rabbit->channel->set_return_listener(function (...$back) use (&$returned): void {
        $returned[] = $back;
    });
    $message = new AMQPMessage('back', ['message_id' => 'm-2']);
    $rabbit->channel->basic_publish($message, 'amq.direct', 'story.nowhere', true);
    $rabbit->channel->wait_for_pending_acks_returns(5);
    [$code, $text, $exchange, $key, $back] = $returned[0];
    $t->equal([$code, $text], [312, 'NO_ROUTE']);
    $t->equal([$back->getBody(), $back->get('message_id')], ['back', 'm-2']);
    $t->saw("$code $text $exchange $key");
}

function acks(Rabbit $rabbit, Teller $t, string $queue): void
{
    $rabbit->send($queue, '1', '2', '3', '4', '5');
    $working = $rabbit->connection->channel();
    $inbox = $rabbit->consume($queue, false, [], $working);
    $got = [];
    while (count($got) < 5) {
        $got[] = $rabbit->next($inbox, $working);
    }
    $got[0]->ack();
    $got[2]->ack(true);
    $working->close();
    foreach (['4', '5'] as $body) {
        $left = $rabbit->channel->basic_get($queue);
        $t->equal([$left->getBody(), $left->isRedelivered()], [$body, true]);
        $left->ack();
    }
    $t->equal($rabbit->channel->basic_get($queue), null);
}

function nackRequeue(Rabbit $rabbit, Teller $t, string $queue): void
{
    $rabbit->send($queue, 'again');
    $inbox = $rabbit->consume($queue, false);
    $first = $rabbit->next($inbox);
    $t->equal($first->isRedelivered(), false);
    $first->nack(true);
    $second = $rabbit->next($inbox);
    $t->equal([$second->getBody(), $second->isRedelivered()], ['again', true]);
    $second->ack();
}

function reject(Rabbit $rabbit, Teller $t, string $queue): void
{
    $rabbit->send($queue, 'unwanted');
    $rabbit->channel->basic_get($queue)->reject(false);
    $t->equal($rabbit->channel->basic_get($queue), null);
}

function prefetch(Rabbit $rabbit, Teller $t, string $queue): void
{
    $rabbit->send($queue, '1', '2', '3', '4', '5');
    $rabbit->channel->basic_qos(0, 3, false);
    $inbox = $rabbit->consume($queue, false);
    $first = $rabbit->next($inbox);
    $rabbit->next($inbox);
    $rabbit->next($inbox);
    $t->equal([$rabbit->messagesIn($queue), count($inbox)], [2, 0]);
    $first->ack();
    $t->equal($rabbit->next($inbox)->getBody(), '4');
    $t->equal([$rabbit->messagesIn($queue), count($inbox)], [1, 0]);
}

function get(Rabbit $rabbit, Teller $t, string $queue): void
{
    $t->equal($rabbit->channel->basic_get($queue), null);
    $rabbit->send($queue, '1', '2', '3');
    $got = $rabbit->channel->basic_get($queue);
    $t->equal([$got->getBody(), $got->getMessageCount()], ['1', 2]);
    $got->ack();
    $t->equal($rabbit->drain($queue), ['2', '3']);
}

function cancel(Rabbit $rabbit, Teller $t): void
{
    [$queue, $channel, $heard] = ['story.cancel', $rabbit->channel, []];
    $hear = function (AMQPMessage $message) use (&$heard): void {
        $heard[] = $message->getBody();
    };
    $rabbit->declare($queue);
    $tag = $channel->basic_consume($queue, '', false, true, false, false, $hear);
    $rabbit->send($queue, 'heard');
    while ($heard === []) {
        $channel->wait(null, false, 5);
    }
    $channel->basic_cancel($tag);
    $rabbit->send($queue, 'unheard');
    $t->equal($channel->queue_declare($queue, true), [$queue, 1, 0]);
    $t->equal($heard, ['heard']);

    $channel->basic_consume($queue, 'story.told', false, true, false, false, $hear);
    while (count($heard) < 2) {
        $channel->wait(null, false, 5);
    }
    $rabbit->connection->channel()->queue_delete($queue);
    $told = $t->refused(AMQPBasicCancelException::class, fn () => $channel->wait(null, false, 5));
    $t->equal($told->consumerTag, 'story.told');
}

return [
    'properties' => Rabbit::onQueue('story.properties', [], properties(...)),
    'empty_and_large' => Rabbit::onQueue('story.sizes', [], emptyAndLarge(...)),
    'confirms' => Rabbit::onQueue('story.confirms', [], confirms(...)),
    'returns' => Rabbit::onChannel(returns(...)),
    'acks' => Rabbit::onQueue('story.acks', [], acks(...)),
    'nack_requeue' => Rabbit::onQueue('story.nack', [], nackRequeue(...)),
    'reject' => Rabbit::onQueue('story.reject', [], reject(...)),
    'prefetch' => Rabbit::onQueue('story.prefetch', [], prefetch(...)),
    'get' => Rabbit::onQueue('story.get', [], get(...)),
    'cancel' => Rabbit::onChannel(cancel(...)),
];
