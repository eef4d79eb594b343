'use strict';
/** What every step does with amqp-client.js: a connection and a channel of its own, messages into an inbox. */

const { AMQPClient } = require('@cloudamqp/amqp-client');
const { Inbox } = require('../amqplib/teller.js');

/** Does the work on a channel of a connection of its own; publishes are confirmed where `confirm` is set. */
async function onChannel(url, work, { confirm = true } = {}) {
  const client = new AMQPClient(url, undefined, null);
  const connection = await client.connect();
  try {
    const channel = await openChannel(connection);
    if (confirm) await channel.confirmSelect();
    return await work(channel, connection);
  } finally {
    await connection.close();
  }
}

/** A further channel; its errors are what the promises are rejected with, so they are not logged, too. */
async function openChannel(connection) {
  const channel = await connection.channel();
  channel.onerror = () => {};
  return channel;
}

/** Declares a transient queue, does the work and removes the queue. */
async function withQueue(channel, name, work, args = {}) {
  await channel.queueDeclare(name, { durable: false }, args);
  await channel.queuePurge(name);
  await work(name);
  await channel.queueDelete(name);
}

async function send(channel, queue, ...bodies) {
  await Promise.all(bodies.map((body) => channel.basicPublish('', queue, body)));
}

/** Consumes into an inbox, which knows its `consumer`. */
async function consume(channel, queue, params) {
  const inbox = new Inbox();
  const consumer = await channel.basicConsume(queue, params, (message) => inbox.put(message));
  return Object.assign(inbox, { consumer });
}

/** Everything that is in a queue now, taken without acks. */
async function drain(channel, queue) {
  const texts = [];
  for (let got = await channel.basicGet(queue); got; got = await channel.basicGet(queue)) texts.push(text(got));
  return texts;
}

async function messagesIn(channel, queue) {
  return (await channel.queueDeclare(queue, { passive: true })).messageCount;
}

function text(message) {
  return message.bodyString();
}

module.exports = { consume, drain, messagesIn, onChannel, openChannel, send, text, withQueue };
