'use strict';
/** The steps about messages on their way: what survives, what is confirmed, returned, acknowledged, held back. */

const assert = require('node:assert/strict');
const { rejected } = require('../amqplib/teller.js');
const { consume, drain, messagesIn, onChannel, openChannel, send, text, withQueue } = require('./rabbit.js');

const ACKING = { noAck: false };

/** A step on a queue of its own, `story.NAME`. */
function onQueue(name, work) {
  return (url) =>
    onChannel(url, (channel, connection) =>
      withQueue(channel, `story.${name}`, (queue) => work({ channel, connection, queue })),
    );
}

const properties = onQueue('properties', async ({ channel, queue }) => {
  const sent = {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    deliveryMode: 2,
    priority: 5,
    correlationId: 'c-1',
    replyTo: 'answers',
    expiration: '60000',
    messageId: 'm-1',
    timestamp: new Date(1_700_000_000_000),
    type: 'greeting',
    userId: 'guest',
    appId: 'story',
    headers: {
      str: 'žluťoučký',
      int: -42,
      long: 2 ** 40,
      bool: true,
      float: 2.5,
      bytes: new Uint8Array([0, 255, 128]),
      list: [1, 'two', false, { deep: 'yes' }],
      table: { a: { b: 1 } },
      timestamp: new Date(1_700_000_000_000),
      nothing: null,
    },
  };
  await channel.basicPublish('', queue, '{}', sent);
  const got = await channel.basicGet(queue);
  for (const [name, value] of Object.entries(sent)) assert.deepEqual(got.properties[name], value, name);
});

const emptyAndLarge = onQueue('sizes', async ({ channel, queue }) => {
  const large = Buffer.alloc(2 ** 20, 'leveret ');
  await send(channel, queue, '', large);
  assert.equal((await channel.basicGet(queue)).bodySize, 0);
  assert.ok(Buffer.from((await channel.basicGet(queue)).body).equals(large));
});

const confirms = onQueue('confirms', async ({ channel, queue }) => {
  const publishing = Array.from({ length: 100 }, (_, number) => channel.basicPublish('', queue, `${number}`));
  const tags = await Promise.all(publishing);
  assert.deepEqual(tags, Array.from({ length: 100 }, (_, number) => number + 1));
  assert.equal(await messagesIn(channel, queue), 100);
});

function returns(url, saw) {
  return onChannel(url, async (channel) => {
    const returned = new Promise((resolve) => {
      channel.onReturn = resolve;
    });
    await channel.basicPublish('amq.direct', 'story.nowhere', 'back', { messageId: 'm-2' }, true);
    const message = await returned;
    assert.deepEqual([text(message), message.properties.messageId], ['back', 'm-2']);
    assert.deepEqual([message.replyCode, message.replyText], [312, 'NO_ROUTE']);
    saw(`${message.replyCode} ${message.replyText} ${message.exchange} ${message.routingKey}`);
  });
}

const acks = onQueue('acks', async ({ channel, connection, queue }) => {
  await send(channel, queue, '1', '2', '3', '4', '5');
  const working = await openChannel(connection);
  const got = await (await consume(working, queue, ACKING)).take(5);
  await got[0].ack();
  await got[2].ack(true);
  await working.close();
  const left = [await channel.basicGet(queue, ACKING), await channel.basicGet(queue, ACKING)];
  assert.deepEqual(left.map(text), ['4', '5']);
  assert.deepEqual(left.map((message) => message.redelivered), [true, true]);
  assert.equal(await channel.basicGet(queue), null);
  await left[1].ack(true);
});

const nackRequeue = onQueue('nack', async ({ channel, queue }) => {
  await send(channel, queue, 'again');
  const inbox = await consume(channel, queue, ACKING);
  const first = await inbox.next();
  assert.equal(first.redelivered, false);
  await first.nack(true);
  const second = await inbox.next();
  assert.deepEqual([text(second), second.redelivered], ['again', true]);
  await second.ack();
});

const reject = onQueue('reject', async ({ channel, queue }) => {
  await send(channel, queue, 'unwanted');
  await (await channel.basicGet(queue, ACKING)).reject(false);
  assert.equal(await channel.basicGet(queue), null);
});

const prefetch = onQueue('prefetch', async ({ channel, queue }) => {
  await send(channel, queue, '1', '2', '3', '4', '5');
  await channel.prefetch(3);
  const inbox = await consume(channel, queue, ACKING);
  const held = await inbox.take(3);
  assert.equal(await messagesIn(channel, queue), 2);
  assert.equal(inbox.size, 0);
  await held[0].ack();
  assert.equal(text(await inbox.next()), '4');
  assert.equal(await messagesIn(channel, queue), 1);
  assert.equal(inbox.size, 0);
});

const get = onQueue('get', async ({ channel, queue }) => {
  assert.equal(await channel.basicGet(queue), null);
  await send(channel, queue, '1', '2', '3');
  const got = await channel.basicGet(queue, ACKING);
  assert.deepEqual([text(got), got.messageCount], ['1', 2]);
  await got.ack();
  assert.deepEqual(await drain(channel, queue), ['2', '3']);
});

function cancel(url, saw) {
  return onChannel(url, async (channel) => {
    const queue = 'story.cancel';
    await channel.queueDeclare(queue, { durable: false });
    const inbox = await consume(channel, queue, { noAck: true });
    await send(channel, queue, 'heard');
    assert.equal(text(await inbox.next()), 'heard');
    await inbox.consumer.cancel();
    await send(channel, queue, 'unheard');
    const { messageCount, consumerCount } = await channel.queueDeclare(queue, { passive: true });
    assert.deepEqual([messageCount, consumerCount, inbox.size], [1, 0, 0]);

    const told = await consume(channel, queue, { noAck: true, tag: 'story.told' });
    assert.equal(text(await told.next()), 'unheard');
    const gone = rejected(told.consumer.wait());
    await channel.queueDelete(queue);
    saw(await gone);
  });
}

module.exports = {
  properties,
  empty_and_large: emptyAndLarge,
  confirms,
  returns,
  acks,
  nack_requeue: nackRequeue,
  reject,
  prefetch,
  get,
  cancel,
};
