'use strict';
/** The steps about mistakes: what the user of amqplib sees, and that the connection goes on. */

const assert = require('node:assert/strict');
const { rejected } = require('./teller.js');
const { channelError, consume, onChannel, text } = require('./rabbit.js');

function errorNotFound(url, saw) {
  return onChannel(url, async (channel) => {
    const error = await rejected(channel.checkQueue('story.missing'));
    assert.equal(error.code, 404);
    saw(error);
  });
}

async function errorPrecondition(url, saw) {
  await onChannel(url, async (channel) => {
    await channel.assertQueue('story.precondition', { durable: true });
    const error = await rejected(channel.assertQueue('story.precondition', { durable: true, maxLength: 5 }));
    assert.equal(error.code, 406);
    saw(error);
  });
  await onChannel(url, (channel) => channel.deleteQueue('story.precondition'));
}

async function errorAccessRefused(url, saw) {
  await onChannel(url, async (channel) => {
    const error = await rejected(channel.deleteExchange('amq.direct'));
    assert.equal(error.code, 403);
    saw(error);
  });
  await onChannel(url, async (owner) => {
    await owner.assertQueue('story.exclusive', { exclusive: true });
    await onChannel(url, async (stranger) => {
      const error = await rejected(stranger.checkQueue('story.exclusive'));
      assert.equal(error.code, 405);
      saw(error);
    });
    await owner.deleteQueue('story.exclusive');
  });
}

function errorUnknownTag(url, saw) {
  return onChannel(url, async (channel) => {
    const broken = channelError(channel);
    channel.ack({ fields: { deliveryTag: 77 } });
    const error = await broken;
    assert.equal(error.code, 406);
    saw(error);
  });
}

function channelSurvives(url) {
  return onChannel(url, async (channel, connection) => {
    await rejected(channel.checkExchange('story.missing'));
    const next = await connection.createChannel();
    const { queue } = await next.assertQueue('', { exclusive: true });
    const inbox = await consume(next, queue, { noAck: true });
    next.sendToQueue(queue, Buffer.from('goes on'));
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
