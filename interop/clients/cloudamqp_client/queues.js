'use strict';
/** The steps about what queues do by themselves: priorities, dead letters, limits; transactions, and calls. */

const assert = require('node:assert/strict');
const { consume, drain, messagesIn, onChannel, send, text, withQueue } = require('./rabbit.js');
const { rejected } = require('../amqplib/teller.js');

/** A queue with these arguments, whose dead letters go to `NAME.dead`; both are gone afterwards. */
async function withDeadLetters(channel, name, args, work, durable = false) {
  await withQueue(channel, `${name}.dead`, async (dead) => {
    const all = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead, ...args };
    await channel.queueDeclare(name, { durable }, all);
    await work(name, await consume(channel, dead, { noAck: true }));
    await channel.queueDelete(name);
  });
}

function assertDied(message, queue, reason) {
  const [death] = message.properties.headers['x-death'];
  assert.deepEqual([death.queue, death.reason, death.count, death.exchange], [queue, reason, 1, '']);
  assert.ok(death.time instanceof Date);
  assert.equal(message.properties.headers['x-first-death-reason'], reason);
}

function priorities(url) {
  return onChannel(url, (channel) =>
    withQueue(
      channel,
      'story.priorities',
      async (queue) => {
        for (const priority of [1, 9, 5, 9]) await channel.basicPublish('', queue, `${priority}`, { priority });
        assert.deepEqual(await drain(channel, queue), ['9', '9', '5', '1']);
      },
      { 'x-max-priority': 10 },
    ),
  );
}

function deadLetter(url) {
  return onChannel(url, (channel) =>
    withDeadLetters(channel, 'story.dead_letter', {}, async (queue, letters) => {
      await send(channel, queue, 'refused');
      await (await (await consume(channel, queue, { noAck: false })).next()).reject(false);
      const letter = await letters.next();
      assert.equal(text(letter), 'refused');
      assertDied(letter, queue, 'rejected');
    }),
  );
}

function messageTtl(url) {
  return onChannel(url, async (channel) => {
    await withDeadLetters(channel, 'story.ttl', { 'x-message-ttl': 50 }, async (queue, letters) => {
      await send(channel, queue, "the queue's");
      const letter = await letters.next();
      assert.equal(text(letter), "the queue's");
      assertDied(letter, queue, 'expired');
    });
    await withDeadLetters(channel, 'story.ttl.own', {}, async (queue, letters) => {
      await channel.basicPublish('', queue, 'its own', { expiration: '50' });
      const letter = await letters.next();
      assert.equal(text(letter), 'its own');
      assertDied(letter, queue, 'expired');
      assert.equal(letter.properties.expiration, undefined);
      assert.equal(letter.properties.headers['x-death'][0]['original-expiration'], '50');
    });
  });
}

function maxLength(url, saw) {
  return onChannel(url, async (channel) => {
    const dropping = async (queue) => {
      await send(channel, queue, '1', '2', '3');
      assert.deepEqual(await drain(channel, queue), ['2', '3']);
    };
    await withQueue(channel, 'story.max_length', dropping, { 'x-max-length': 2 });
    const refusing = async (queue) => {
      await send(channel, queue, '1', '2');
      saw(await rejected(send(channel, queue, '3')));
      assert.deepEqual(await drain(channel, queue), ['1', '2']);
    };
    await withQueue(channel, 'story.max_length', refusing, { 'x-max-length': 2, 'x-overflow': 'reject-publish' });
  });
}

function transactions(url) {
  const work = (channel, connection) =>
    withQueue(channel, 'story.tx', async (queue) => {
      const looking = await connection.channel();
      await channel.txSelect();
      await send(channel, queue, 'undone');
      await channel.txRollback();
      await send(channel, queue, 'done');
      assert.equal(await messagesIn(looking, queue), 0);
      await channel.txCommit();
      const got = await looking.basicGet(queue);
      assert.equal(text(got), 'done');
      assert.equal(await looking.basicGet(queue), null);
    });
  return onChannel(url, work, { confirm: false });
}

function rpc(url) {
  return onChannel(url, async (server, connection) =>
    withQueue(server, 'story.rpc', async (queue) => {
      const calls = await consume(server, queue, { noAck: true });
      const client = await connection.channel();
      const answers = await consume(client, 'amq.rabbitmq.reply-to', { noAck: true });
      const options = { replyTo: 'amq.rabbitmq.reply-to', correlationId: 'call-1' };
      await client.basicPublish('', queue, '21', options);
      const call = await calls.next();
      const { replyTo, correlationId } = call.properties;
      assert.match(replyTo, /^amq\.rabbitmq\.reply-to\../);
      await server.basicPublish('', replyTo, `${Number(text(call)) * 2}`, { correlationId });
      const answer = await answers.next();
      assert.deepEqual([text(answer), answer.properties.correlationId], ['42', 'call-1']);
    }),
  );
}

function quorum(url) {
  return onChannel(url, (channel) => {
    const args = { 'x-queue-type': 'quorum', 'x-delivery-limit': 2 };
    const work = async (queue, letters) => {
      await send(channel, queue, 'poison');
      const inbox = await consume(channel, queue, { noAck: false });
      const counts = [];
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const message = await inbox.next();
        counts.push(message.properties.headers?.['x-delivery-count']);
        await message.nack(true);
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
