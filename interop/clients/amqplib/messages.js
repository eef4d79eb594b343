'use strict';
/** The steps about messages on their way: what survives, what is confirmed, returned, acknowledged, held back. */

const assert = require('node:assert/strict');
const { consume, drain, onChannel, onConfirmChannel, text } = require('./rabbit.js');

async function withQueue(channel, name, work, options) {
  await channel.assertQueue(name, { durable: false, ...options });
  await channel.purgeQueue(name);
  await work(name);
  await channel.deleteQueue(name);
}

function send(channel, queue, ...bodies) {
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body));
}

function properties(url) {
  return onChannel(url, (channel) =>
    withQueue(channel, 'story.properties', async (queue) => {
      const sent = {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        deliveryMode: 2,
        priority: 5,
        correlationId: 'c-1',
        replyTo: 'answers',
        expiration: '60000',
        messageId: 'm-1',
        timestamp: 1_700_000_000,
        type: 'greeting',
        userId: 'guest',
        appId: 'story',
      };
      const headers = {
        str: 'žluťoučký',
        int: -42,
        long: 2 ** 40,
        bool: true,
        float: 2.5,
        bytes: Buffer.from([0, 255, 128]),
        list: [1, 'two', false, { deep: 'yes' }],
        table: { a: { b: 1 } },
        timestamp: { '!': 'timestamp', value: 1_700_000_000 },
        nothing: null,
      };
      channel.sendToQueue(queue, Buffer.from('{}'), { ...sent, headers });
      const got = await channel.get(queue, { noAck: true });
      for (const [name, value] of Object.entries(sent)) assert.deepEqual(got.properties[name], value, name);
      assert.deepEqual(got.properties.headers, headers);
    }),
  );
}

function emptyAndLarge(url) {
  return onChannel(url, (channel) =>
    withQueue(channel, 'story.sizes', async (queue) => {
      const large = Buffer.alloc(2 ** 20, 'leveret ');
      channel.sendToQueue(queue, Buffer.alloc(0));
      channel.sendToQueue(queue, large);
      assert.equal((await channel.get(queue, { noAck: true })).content.length, 0);
      assert.ok((await channel.get(queue, { noAck: true })).content.equals(large));
    }),
  );
}

function confirms(url) {
  return onConfirmChannel(url, (channel) =>
    withQueue(channel, 'story.confirms', async (queue) => {
      let confirmed = 0;
      for (let number = 0; number < 100; number += 1) {
        channel.sendToQueue(queue, Buffer.from(`${number}`), {}, (error) => {
          confirmed += error ? 0 : 1;
        });
      }
      await channel.waitForConfirms();
      assert.equal(confirmed, 100);
      assert.equal((await channel.checkQueue(queue)).messageCount, 100);
    }),
  );
}

function returns(url, saw) {
  return onConfirmChannel(url, async (channel) => {
    const returned = new Promise((resolve) => channel.once('return', resolve));
    channel.publish('amq.direct', 'story.nowhere', Buffer.from('back'), { mandatory: true, messageId: 'm-2' });
    const message = await returned;
    await channel.waitForConfirms();
    assert.equal(text(message), 'back');
    assert.equal(message.properties.messageId, 'm-2');
    assert.equal(message.fields.replyCode, 312);
    assert.equal(message.fields.replyText, 'NO_ROUTE');
    const { replyCode, replyText, exchange, routingKey } = message.fields;
    saw(`${replyCode} ${replyText} ${exchange} ${routingKey}`);
  });
}

function acks(url) {
  return onChannel(url, (channel, connection) =>
    withQueue(channel, 'story.acks', async (queue) => {
      send(channel, queue, '1', '2', '3', '4', '5');
      const working = await connection.createChannel();
      const got = await (await consume(working, queue)).take(5);
      working.ack(got[0]);
      working.ack(got[2], true);
      await working.close();
      const left = [await channel.get(queue), await channel.get(queue)];
      assert.deepEqual(left.map(text), ['4', '5']);
      assert.deepEqual(left.map((message) => message.fields.redelivered), [true, true]);
      assert.equal(await channel.get(queue), false);
      channel.ackAll();
      assert.equal((await channel.deleteQueue(queue)).messageCount, 0);
    }),
  );
}

function nackRequeue(url) {
  return onChannel(url, (channel) =>
    withQueue(channel, 'story.nack', async (queue) => {
      send(channel, queue, 'again');
      const inbox = await consume(channel, queue);
      const first = await inbox.next();
      assert.equal(first.fields.redelivered, false);
      channel.nack(first, false, true);
      const second = await inbox.next();
      assert.equal(text(second), 'again');
      assert.equal(second.fields.redelivered, true);
      channel.ack(second);
    }),
  );
}

function reject(url) {
  return onChannel(url, (channel) =>
    withQueue(channel, 'story.reject', async (queue) => {
      send(channel, queue, 'unwanted');
      channel.reject(await channel.get(queue), false);
      assert.equal(await channel.get(queue), false);
    }),
  );
}

function prefetch(url) {
  return onConfirmChannel(url, (channel) =>
    withQueue(channel, 'story.prefetch', async (queue) => {
      send(channel, queue, '1', '2', '3', '4', '5');
      await channel.waitForConfirms();
      await channel.prefetch(3);
      const inbox = await consume(channel, queue);
      const held = await inbox.take(3);
      assert.equal((await channel.checkQueue(queue)).messageCount, 2);
      assert.equal(inbox.size, 0);
      channel.ack(held[0]);
      assert.equal(text(await inbox.next()), '4');
      assert.equal((await channel.checkQueue(queue)).messageCount, 1);
      assert.equal(inbox.size, 0);
    }),
  );
}

function get(url) {
  return onConfirmChannel(url, (channel) =>
    withQueue(channel, 'story.get', async (queue) => {
      assert.equal(await channel.get(queue), false);
      send(channel, queue, '1', '2', '3');
      await channel.waitForConfirms();
      const got = await channel.get(queue);
      assert.equal(text(got), '1');
      assert.equal(got.fields.messageCount, 2);
      channel.ack(got);
      assert.deepEqual(await drain(channel, queue), ['2', '3']);
    }),
  );
}

function cancel(url) {
  return onConfirmChannel(url, async (channel) => {
    await channel.assertQueue('story.cancel', { durable: false });
    const inbox = await consume(channel, 'story.cancel', { noAck: true });
    send(channel, 'story.cancel', 'heard');
    assert.equal(text(await inbox.next()), 'heard');
    await channel.cancel(inbox.consumerTag);
    send(channel, 'story.cancel', 'unheard');
    await channel.waitForConfirms();
    const { messageCount, consumerCount } = await channel.checkQueue('story.cancel');
    assert.deepEqual([messageCount, consumerCount, inbox.size], [1, 0, 0]);

    const told = await consume(channel, 'story.cancel', { noAck: true });
    assert.equal(text(await told.next()), 'unheard');
    await channel.deleteQueue('story.cancel');
    assert.equal(await told.next(), null);
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
