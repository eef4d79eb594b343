'use strict';
/** The story of amqplib: what a user of it does with a broker, step by step. `node story.js URL`. */

const assert = require('node:assert/strict');
const amqp = require('amqplib');
const { Inbox, brokerRestarted, rejected, tell } = require('./teller.js');
const { onChannel, onConfirmChannel, text } = require('./rabbit.js');
const errors = require('./errors.js');
const messages = require('./messages.js');
const queues = require('./queues.js');
const routing = require('./routing.js');
const streams = require('./streams.js');

async function connect(url) {
  const { protocol, hostname, port, username, password } = new URL(url);
  assert.equal(protocol, 'amqp:');
  const connection = await amqp.connect({ hostname, port: Number(port), username, password, vhost: '/' });
  const { product, capabilities } = connection.connection.serverProperties;
  assert.equal(product, 'RabbitMQ');
  assert.equal(capabilities.publisher_confirms, true);
  assert.equal(capabilities.consumer_cancel_notify, true);
  await connection.close();
}

async function wrongPassword(url, saw) {
  const wrong = new URL(url);
  wrong.password = 'wrong';
  const error = await rejected(amqp.connect(wrong.href));
  assert.match(error.message, /403|ACCESS/);
  saw(error);
}

async function wrongVhost(url, saw) {
  const wrong = new URL(url);
  wrong.pathname = '/story.nowhere';
  const error = await rejected(amqp.connect(wrong.href));
  // The broker names the vhost and says why; amqplib keeps that for itself.
  assert.match(error.message, /Expected ConnectionOpenOk; got <ConnectionClose/);
  saw(error);
}

async function topology(url) {
  await onConfirmChannel(url, async (channel, connection) => {
    await channel.assertExchange('story.topology', 'direct', { durable: true });
    await channel.checkExchange('story.topology');
    await channel.assertExchange('story.topology.passing', 'fanout', { durable: false, autoDelete: true });
    const named = await channel.assertQueue('story.topology', { durable: true });
    assert.deepEqual(named, { queue: 'story.topology', messageCount: 0, consumerCount: 0 });
    const own = await channel.assertQueue('', { exclusive: true, autoDelete: true });
    assert.match(own.queue, /^amq\.gen-/);

    await channel.bindQueue('story.topology', 'story.topology', 'key');
    for (const body of ['one', 'two', 'three']) channel.publish('story.topology', 'key', Buffer.from(body));
    await channel.waitForConfirms(); // only then does a queue surely count them
    assert.equal((await channel.checkQueue('story.topology')).messageCount, 3);
    assert.deepEqual(await channel.purgeQueue('story.topology'), { messageCount: 3 });
    await channel.unbindQueue('story.topology', 'story.topology', 'key');
    channel.publish('story.topology', 'key', Buffer.from('nowhere'));
    await channel.waitForConfirms();
    assert.equal((await channel.checkQueue('story.topology')).messageCount, 0);

    channel.sendToQueue('story.topology', Buffer.from('left'));
    await channel.waitForConfirms();
    const careful = await connection.createChannel();
    careful.on('error', () => {});
    assert.match((await rejected(careful.deleteQueue('story.topology', { ifEmpty: true }))).message, /not empty/);
    const { consumerTag } = await channel.consume('story.topology', () => {}, { noAck: true });
    const second = await connection.createChannel();
    second.on('error', () => {});
    assert.match((await rejected(second.deleteQueue('story.topology', { ifUnused: true }))).message, /in use/);
    await channel.cancel(consumerTag);
    channel.sendToQueue('story.topology', Buffer.from('left'));
    await channel.waitForConfirms();
    assert.deepEqual(await channel.deleteQueue('story.topology', { ifUnused: true }), { messageCount: 1 });

    // An auto-delete exchange goes with its last binding.
    await channel.bindQueue(own.queue, 'story.topology.passing', '');
    await channel.unbindQueue(own.queue, 'story.topology.passing', '');
    const looking = await connection.createChannel();
    looking.on('error', () => {});
    assert.match((await rejected(looking.checkExchange('story.topology.passing'))).message, /NOT_FOUND/);
    await channel.deleteExchange('story.topology', { ifUnused: true });
  });
}

/** amqplib's own recovery: connect with `recovery`, whose setup declares and consumes again. */
async function restart(url) {
  await onConfirmChannel(url, async (channel) => {
    await channel.assertQueue('story.restart', { durable: true });
    channel.sendToQueue('story.restart', Buffer.from('before'), { persistent: true });
    await channel.waitForConfirms();
  });
  const inbox = new Inbox();
  let acking = false;
  const connection = await amqp.connect(url, {
    recovery: {
      initialDelay: 100,
      maxDelay: 500,
      async setup(model) {
        const channel = await model.createChannel();
        channel.on('error', () => {});
        await channel.consume('story.restart', (message) => {
          inbox.put(message);
          if (acking) channel.ack(message);
        });
      },
    },
  });
  connection.on('error', () => {});
  const first = await inbox.next();
  assert.equal(text(first), 'before');
  assert.equal(first.fields.redelivered, false);
  acking = true;

  await brokerRestarted();
  const again = await inbox.next();
  assert.equal(text(again), 'before');
  await onConfirmChannel(url, async (channel) => {
    channel.sendToQueue('story.restart', Buffer.from('after'), { persistent: true });
    await channel.waitForConfirms();
  });
  assert.equal(text(await inbox.next()), 'after');
  await connection.close();
  await onChannel(url, (channel) => channel.deleteQueue('story.restart'));
}

async function close(url) {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  const closed = [];
  channel.on('close', () => closed.push('channel'));
  connection.on('close', (error) => closed.push(error ?? 'connection'));
  await channel.close();
  await connection.close();
  assert.deepEqual(closed, ['channel', 'connection']);
  await assert.rejects(async () => connection.createChannel(), /Connection closed/);
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
