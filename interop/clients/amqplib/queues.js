'use strict';
/** The steps about what queues do by themselves: priorities, dead letters, limits; and calls through reply-to. */

const assert = require('node:assert/strict');
const { Cannot } = require('./teller.js');
const { consume, drain, onChannel, onConfirmChannel, text } = require('./rabbit.js');

/** A queue with these arguments, whose dead letters go to `NAME.dead`; both are gone afterwards. */
async function withDeadLetters(channel, name, args, work, durable = false) {
  const dead = `${name}.dead`;
  await channel.assertQueue(dead, { durable: false });
  await channel.assertQueue(name, {
    durable,
    arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead, ...args },
  });
  await work(name, await consume(channel, dead, { noAck: true }));
  await channel.deleteQueue(name);
  await channel.deleteQueue(dead);
}

function assertDied(message, queue, reason, count = 1) {
  const [death] = message.properties.headers['x-death'];
  assert.deepEqual([death.queue, death.reason, death.count, death.exchange], [queue, reason, count, '']);
  assert.equal(death.time['!'], 'timestamp');
  assert.equal(message.properties.headers['x-first-death-reason'], reason);
}

function priorities(url) {
  return onConfirmChannel(url, async (channel) => {
    await channel.assertQueue('story.priorities', { durable: false, maxPriority: 10 });
    for (const priority of [1, 9, 5, 9]) {
      channel.sendToQueue('story.priorities', Buffer.from(`${priority}`), { priority });
    }
    await channel.waitForConfirms();
    assert.deepEqual(await drain(channel, 'story.priorities'), ['9', '9', '5', '1']);
    await channel.deleteQueue('story.priorities');
  });
}

function deadLetter(url) {
  return onChannel(url, (channel) =>
    withDeadLetters(channel, 'story.dead_letter', {}, async (queue, letters) => {
      channel.sendToQueue(queue, Buffer.from('refused'));
      const inbox = await consume(channel, queue);
      channel.reject(await inbox.next(), false);
      const letter = await letters.next();
      assert.equal(text(letter), 'refused');
      assertDied(letter, queue, 'rejected');
    }),
  );
}

function messageTtl(url) {
  return onChannel(url, async (channel) => {
    await withDeadLetters(channel, 'story.ttl', { 'x-message-ttl': 50 }, async (queue, letters) => {
      channel.sendToQueue(queue, Buffer.from("the queue's"));
      const letter = await letters.next();
      assert.equal(text(letter), "the queue's");
      assertDied(letter, queue, 'expired');
    });
    await withDeadLetters(channel, 'story.ttl.own', {}, async (queue, letters) => {
      channel.sendToQueue(queue, Buffer.from('its own'), { expiration: '50' });
      const letter = await letters.next();
      assert.equal(text(letter), 'its own');
      assertDied(letter, queue, 'expired');
      assert.equal(letter.properties.expiration, undefined);
      assert.equal(letter.properties.headers['x-death'][0]['original-expiration'], '50');
    });
  });
}

function maxLength(url) {
  return onConfirmChannel(url, async (channel) => {
    const queue = 'story.max_length';
    const published = (body) =>
      new Promise((resolve) => {
        channel.sendToQueue(queue, Buffer.from(body), {}, (error) => resolve(error ? 'nacked' : 'acked'));
      });
    await channel.assertQueue(queue, { durable: false, maxLength: 2 });
    for (const body of ['1', '2', '3']) assert.equal(await published(body), 'acked');
    assert.deepEqual(await drain(channel, queue), ['2', '3']);
    await channel.deleteQueue(queue);

    const args = { 'x-max-length': 2, 'x-overflow': 'reject-publish' };
    await channel.assertQueue(queue, { durable: false, arguments: args });
    assert.deepEqual([await published('1'), await published('2'), await published('3')], ['acked', 'acked', 'nacked']);
    assert.deepEqual(await drain(channel, queue), ['1', '2']);
    await channel.deleteQueue(queue);
  });
}

async function transactions() {
  throw new Cannot('amqplib leaves transactions (tx.*) out');
}

function rpc(url) {
  return onChannel(url, async (server, connection) => {
    await server.assertQueue('story.rpc', { durable: false });
    const calls = await consume(server, 'story.rpc', { noAck: true });
    const client = await connection.createChannel();
    const answers = await consume(client, 'amq.rabbitmq.reply-to', { noAck: true });
    const options = { replyTo: 'amq.rabbitmq.reply-to', correlationId: 'call-1' };
    client.sendToQueue('story.rpc', Buffer.from('21'), options);
    const call = await calls.next();
    assert.match(call.properties.replyTo, /^amq\.rabbitmq\.reply-to\../);
    const { replyTo, correlationId } = call.properties;
    server.sendToQueue(replyTo, Buffer.from(`${Number(text(call)) * 2}`), { correlationId });
    const answer = await answers.next();
    assert.deepEqual([text(answer), answer.properties.correlationId], ['42', 'call-1']);
    await server.deleteQueue('story.rpc');
  });
}

function quorum(url) {
  return onChannel(url, (channel) => {
    const args = { 'x-queue-type': 'quorum', 'x-delivery-limit': 2 };
    const work = async (queue, letters) => {
      channel.sendToQueue(queue, Buffer.from('poison'));
      const inbox = await consume(channel, queue);
      const counts = [];
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const message = await inbox.next();
        counts.push(message.properties.headers['x-delivery-count']);
        channel.nack(message, false, true);
      }
      assert.deepEqual(counts, [undefined, 1, 2]);
      assertDied(await letters.next(), queue, 'delivery_limit');
    };
    return withDeadLetters(channel, 'story.quorum', args, work, true);
  });
}

module.exports = {
  priorities,
  dead_letter: deadLetter,
  message_ttl: messageTtl,
  max_length: maxLength,
  transactions,
  rpc,
  quorum,
};
