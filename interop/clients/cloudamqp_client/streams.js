'use strict';
/** The steps about streams: a queue of x-queue-type stream, read from every kind of offset. */

const assert = require('node:assert/strict');
const { consume, onChannel, send, text } = require('./rabbit.js');

const LENGTH = 10;

/** Fills `story.stream`, reads it from an offset, and gives the work the next offset and a way to publish one more. */
function reading(offset, work) {
  return (url) =>
    onChannel(url, async (channel) => {
      const queue = 'story.stream';
      await channel.queueDeclare(queue, { durable: true }, { 'x-queue-type': 'stream' });
      const publish = (number) => send(channel, queue, `${number}`);
      for (let number = 0; number < LENGTH; number += 1) await publish(number);
      await channel.prefetch(5); // a stream is not read without a prefetch, nor without acks
      const inbox = await consume(channel, queue, { noAck: false, args: { 'x-stream-offset': offset } });
      const next = async () => {
        const message = await inbox.next();
        await message.ack();
        const at = message.properties.headers['x-stream-offset'];
        assert.equal(text(message), `${at}`);
        return at;
      };
      await work({ next, publish });
      await channel.queueDelete(queue);
    });
}

/** Reads on until the last message; gives the offset of the first. Asserts that none is left out. */
async function readToEnd(next) {
  const first = await next();
  for (let offset = first + 1; offset < LENGTH; offset += 1) assert.equal(await next(), offset);
  return first;
}

const fromTheFirst = async ({ next }) => assert.equal(await readToEnd(next), 0);

module.exports = {
  stream_first: reading('first', fromTheFirst),
  // "last" is the last chunk, which may hold more than the last message.
  stream_last: reading('last', async ({ next }) => assert.ok((await readToEnd(next)) < LENGTH)),
  stream_next: reading('next', async ({ next, publish }) => {
    await publish(LENGTH);
    assert.equal(await next(), LENGTH);
  }),
  stream_offset: reading(6, async ({ next }) => assert.equal(await readToEnd(next), 6)),
  stream_timestamp: reading(new Date(Date.now() - 3_600_000), fromTheFirst),
  stream_interval: reading('1h', fromTheFirst),
};
