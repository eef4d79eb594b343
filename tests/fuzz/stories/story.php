<?php
// php-amqplib: topology, a batch, a get, a transaction.
require_once '/usr/share/php/PhpAmqpLib/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;

$url = parse_url($argv[1]);
$connection = new AMQPStreamConnection($url['host'], $url['port'], 'guest', 'guest', '/', false, 'AMQPLAIN');
$channel = $connection->channel();
$channel->queue_declare('php', false, false, true, false, false, new AMQPTable(['x-dead-letter-exchange' => '']));
$channel->exchange_declare('php', 'headers', false, false, true);
$channel->queue_bind('php', 'php', '', false, new AMQPTable(['x-match' => 'all', 'a' => 'b', 'n' => 5]));
$headers = new AMQPTable(['a' => 'b', 'n' => 5, 'list' => [1, 2.5, null, false]]);
for ($i = 0; $i < 2; $i++) {
    $channel->batch_basic_publish(new AMQPMessage("hello $i", ['application_headers' => $headers]), 'php');
}
$channel->publish_batch();
$message = $channel->basic_get('php');
$channel->basic_ack($message->getDeliveryTag());
$channel->tx_select();
$channel->basic_publish(new AMQPMessage('in a transaction', ['delivery_mode' => 2, 'expiration' => '500']), '', 'php');
$channel->tx_rollback();
$channel->close();
$connection->close();
