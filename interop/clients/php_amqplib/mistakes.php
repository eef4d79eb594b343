<?php

declare(strict_types=1);

/** The steps about errors: what the user of php-amqplib sees, and that the connection goes on. */

use PhpAmqpLib\Channel\AMQPChannel;
use PhpAmqpLib\Wire\AMQPTable;

return [
    'error_not_found' => Rabbit::onChannel(function (Rabbit $rabbit, Teller $t): void {
        $t->saw($rabbit->refused(404, fn (AMQPChannel $channel) => $channel->queue_declare('story.missing', true)));
    }),
    'error_precondition' => Rabbit::onQueue('story.precondition', [], function (Rabbit $rabbit, Teller $t, $queue) {
        $other = new AMQPTable(['x-max-length' => 5]);
        $t->saw($rabbit->refused(406, fn (AMQPChannel $channel) =>
            $channel->queue_declare($queue, false, false, false, false, false, $other)));
    }),
    'error_access_refused' => Rabbit::onChannel(function (Rabbit $rabbit, Teller $t): void {
        $t->saw($rabbit->refused(403, fn (AMQPChannel $channel) => $channel->exchange_delete('amq.direct')));
        $rabbit->channel->queue_declare('story.exclusive', false, false, true);
        Rabbit::onChannel(function (Rabbit $stranger, Teller $t): void {
            $t->saw($stranger->refused(405, fn (AMQPChannel $channel) =>
                $channel->queue_declare('story.exclusive', true)));
        })($t);
        $rabbit->channel->queue_delete('story.exclusive');
    }),
    'error_unknown_tag' => Rabbit::onChannel(function (Rabbit $rabbit, Teller $t): void {
        $t->saw($rabbit->refused(406, function (AMQPChannel $channel): void {
            $channel->basic_ack(77);
            $channel->wait(null, false, 5);
        }));
    }),
    'channel_survives' => Rabbit::onChannel(function (Rabbit $rabbit, Teller $t): void {
        $rabbit->refused(404, fn (AMQPChannel $lost) => $lost->exchange_declare('story.missing', 'direct', true));
        [$queue] = $rabbit->channel->queue_declare('', false, false, true);
        $rabbit->send($queue, 'goes on');
        $t->equal($rabbit->next($rabbit->consume($queue))->getBody(), 'goes on');
    }),
];
