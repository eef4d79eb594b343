'use strict';
/** The story of CloudAMQP's amqp-client.js: what a user of it does with a broker, step by step. `node story.js URL`. */

const assert = require('node:assert/strict');
const { AMQPClient, AMQPSession } = require('@cloudamqp/amqp-client');
const { Inbox, brokerRestarted, rejected, tell } = require('../amqplib/teller.js');
const { messagesIn, onChannel, openChannel, send, text } = require('./rabbit.js');
const errors = require('./errors.js');
const messages = require('./messages.js');
const queues = require('./queues.js');
const routing = require('./routing.js');
const streams = require('./streams.js');

/** This client reads no server properties; what it settled with the broker shows that both understood each other. */
async function connect(url) {
  const client = new AMQPClient(`${url}?name=story&heartbeat=30&channelMax=64&frameMax=16384`, undefined, null);
  const connection = await client.connect();
  assert.deepEqual([connection.closed, connection.channelMax, connection.frameMax], [false, 64, 16384]);
  assert.equal(connection.heartbeat, 30);
  await connection.close();
}

async function refused(url) {
  const error = await rejected(new AMQPClient(url, undefined, null).connect());
  assert.equal(error.name, 'AMQPError');
  return error;
}

async function wrongPassword(url, saw) {
  const wrong = new URL(url);
  wrong.password = 'wrong';
  const error = await refused(wrong.href);
  assert.match(error.message, /ACCESS_REFUSED/);
  saw(error);
}

async function wrongVhost(url, saw) {
  const wrong = new URL(url);
  wrong.pathname = '/story.nowhere';
  const error = await refused(wrong.href);
  assert.match(error.message, /story\.nowhere/);
  saw(error);
}

async function topology(url) {
  await onChannel(url, async (channel, connection) => {
    const exchange = 'story.topology';
    const queue = 'story.topology';
    await channel.exchangeDeclare(exchange, 'direct', { durable: true });
    await channel.exchangeDeclare(exchange, 'direct', { passive: true });
    await channel.exchangeDeclare('story.topology.passing', 'fanout', { durable: false, autoDelete: true });
    const named = await channel.queueDeclare(queue, { durable: true });
    assert.deepEqual(named, { name: queue, messageCount: 0, consumerCount: 0 });
    const own = await channel.queueDeclare();
    assert.match(own.name, /^amq\.gen-/);

    await channel.queueBind(queue, exchange, 'key');
    for (const body of ['one', 'two', 'three']) await channel.basicPublish(exchange, 'key', body);
    assert.equal(await messagesIn(channel, queue), 3);
    assert.deepEqual(await channel.queuePurge(queue), { messageCount: 3 });
    await channel.queueUnbind(queue, exchange, 'key');
    await channel.basicPublish(exchange, 'key', 'nowhere');
    assert.equal(await messagesIn(channel, queue), 0);

    await send(channel, queue, 'left');
    const careful = await openChannel(connection);
    assert.match((await rejected(careful.queueDelete(queue, { ifEmpty: true }))).message, /not empty/);
    const consumer = await channel.basicConsume(queue, { noAck: true }, () => {});
    const second = await openChannel(connection);
    assert.match((await rejected(second.queueDelete(queue, { ifUnused: true }))).message, /in use/);
    await consumer.cancel();
    await send(channel, queue, 'left');
    assert.deepEqual(await channel.queueDelete(queue, { ifUnused: true }), { messageCount: 1 });

    // An auto-delete exchange goes with its last binding.
    await channel.queueBind(own.name, 'story.topology.passing', '');
    await channel.queueUnbind(own.name, 'story.topology.passing', '');
    const looking = await openChannel(connection);
    const gone = looking.exchangeDeclare('story.topology.passing', 'fanout', { passive: true });
    assert.match((await rejected(gone)).message, /NOT_FOUND/);
    await channel.exchangeDelete(exchange, { ifUnused: true });
  });
}

/** The client's own recovery: an AMQPSession connects again and subscribes again. */
async function restart(url) {
  await onChannel(url, async (channel) => {
    await channel.queueDeclare('story.restart', { durable: true });
    await channel.basicPublish('', 'story.restart', 'before', { deliveryMode: 2 });
  });
  const session = await AMQPSession.connect(url, { reconnectInterval: 100, maxReconnectInterval: 500, logger: null });
  const queue = await session.queue('story.restart', { durable: true });
  const inbox = new Inbox();
  let acking = false;
  await queue.subscribe({ noAck: false, manualAck: true }, async (message) => {
    inbox.put(message);
    if (acking) await message.ack();
  });
  const first = await inbox.next();
  assert.deepEqual([text(first), first.redelivered], ['before', false]);
  acking = true;

  await brokerRestarted();
  assert.equal(text(await inbox.next()), 'before');
  await queue.publish('after', { deliveryMode: 2 });
  assert.equal(text(await inbox.next()), 'after');
  await queue.delete();
  await session.stop();
}

async function close(url) {
  const connection = await new AMQPClient(url, undefined, null).connect();
  const channel = await connection.channel();
  await channel.close();
  assert.equal(channel.closed, true);
  await connection.close();
  assert.equal(connection.closed, true);
  assert.match((await rejected(channel.queueDeclare('story.late'))).message, /closed/);
}

tell({
  connect,
  wrong_password: wrongPassword,
  wrong_vhost: wrongVhost,
  topology,
  ...routing,
  ...messages,
  ...queues,
  ...streams,
  ...errors,
  restart,
  close,
});
