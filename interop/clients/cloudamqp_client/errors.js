'use strict';
/** The steps about mistakes: what the user of amqp-client.js sees, and that the connection goes on. */

const assert = require('node:assert/strict');
const { rejected } = require('../amqplib/teller.js');
const { consume, onChannel, openChannel, send, text } = require('./rabbit.js');

/** Asserts the reply code at the end of what the client says. */
function assertCode(error, code) {
  assert.equal(error.name, 'AMQPError');
  assert.ok(error.message.endsWith(`(${code})`), error.message);
}

function errorNotFound(url, saw) {
  return onChannel(url, async (channel) => {
    const error = await rejected(channel.queueDeclare('story.missing', { passive: true }));
    assertCode(error, 404);
    saw(error);
  });
}

function errorPrecondition(url, saw) {
  return onChannel(url, async (channel, connection) => {
    const queue = 'story.precondition';
    await channel.queueDeclare(queue, { durable: true });
    const error = await rejected(channel.queueDeclare(queue, { durable: true }, { 'x-max-length': 5 }));
    assertCode(error, 406);
    saw(error);
    await (await openChannel(connection)).queueDelete(queue);
  });
}

async function errorAccessRefused(url, saw) {
  await onChannel(url, async (channel) => {
    const error = await rejected(channel.exchangeDelete('amq.direct'));
    assertCode(error, 403);
    saw(error);
  });
  await onChannel(url, async (owner) => {
    await owner.queueDeclare('story.exclusive', { exclusive: true, durable: false });
    await onChannel(url, async (stranger) => {
      const error = await rejected(stranger.queueDeclare('story.exclusive', { passive: true }));
      assertCode(error, 405);
      saw(error);
    });
    await owner.queueDelete('story.exclusive');
  });
}

function errorUnknownTag(url, saw) {
  return onChannel(url, async (channel) => {
    const broken = new Promise((resolve) => {
      channel.onerror = resolve;
    });
    await channel.basicAck(77);
    const words = await broken;
    assert.match(words, /\(406\)$/);
    saw(words);
  });
}

function channelSurvives(url) {
  return onChannel(url, async (channel, connection) => {
    await rejected(channel.exchangeDeclare('story.missing', 'direct', { passive: true }));
    const next = await openChannel(connection);
    const { name } = await next.queueDeclare();
    const inbox = await consume(next, name, { noAck: true });
    await send(next, name, 'goes on');
    assert.equal(text(await inbox.next()), 'goes on');
  });
}

module.exports = {
  error_not_found: errorNotFound,
  error_precondition: errorPrecondition,
  error_access_refused: errorAccessRefused,
  error_unknown_tag: errorUnknownTag,
  channel_survives: channelSurvives,
};
