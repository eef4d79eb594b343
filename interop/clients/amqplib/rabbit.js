'use strict';
/** What every step does with amqplib: a connection and a channel of its own, messages into an inbox. */

const amqp = require('amqplib');
const { Inbox } = require('./teller.js');

/** Does the work on a channel of a connection of its own. */
async function onChannel(url, work, { confirm = false } = {}) {
  const connection = await amqp.connect(url);
  try {
    const channel = confirm ? await connection.createConfirmChannel() : await connection.createChannel();
    // The promises tell of a channel's error as well; without a listener Node ends the process.
    channel.on('error', () => {});
    return await work(channel, connection);
  } finally {
    await connection.close();
  }
}

function onConfirmChannel(url, work) {
  return onChannel(url, work, { confirm: true });
}

/** Consumes into an inbox; null is the broker's word that the queue is gone. */
async function consume(channel, queue, options) {
  const inbox = new Inbox();
  const { consumerTag } = await channel.consume(queue, (message) => inbox.put(message), options);
  return Object.assign(inbox, { consumerTag });
}

/** Everything that is in a queue now, taken without acks. */
async function drain(channel, queue) {
  const texts = [];
  for (let got = await channel.get(queue, { noAck: true }); got; got = await channel.get(queue, { noAck: true })) {
    texts.push(text(got));
  }
  return texts;
}

function text(message) {
  return message.content.toString();
}

/** The channel's error, when it comes. */
function channelError(channel) {
  return new Promise((resolve) => channel.once('error', resolve));
}

module.exports = { channelError, consume, drain, onChannel, onConfirmChannel, text };
