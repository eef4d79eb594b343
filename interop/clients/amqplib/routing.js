'use strict';
/** The steps about exchanges: which queue a message reaches. */

const assert = require('node:assert/strict');
const { drain, onConfirmChannel } = require('./rabbit.js');

/** Declares an exchange `story.NAME` and a queue `story.NAME.KEY` for each binding, and removes all at the end. */
function routed(name, type, bindings, work, options) {
  return (url) =>
    onConfirmChannel(url, async (channel) => {
      const exchange = `story.${name}`;
      await channel.assertExchange(exchange, type, { durable: false, ...options });
      const queueOf = (label) => `${exchange}.${label}`;
      for (const [label, pattern, args] of bindings) {
        await channel.assertQueue(queueOf(label), { durable: false });
        await channel.bindQueue(queueOf(label), exchange, pattern, args);
      }
      const publish = (key, body, publishing) => channel.publish(exchange, key, Buffer.from(body), publishing);
      const contents = async (label) => {
        await channel.waitForConfirms();
        return drain(channel, queueOf(label));
      };
      await work({ channel, exchange, publish, contents, queueOf });
      for (const [label] of bindings) await channel.deleteQueue(queueOf(label));
      await channel.deleteExchange(exchange);
    });
}

function defaultExchange(url) {
  return onConfirmChannel(url, async (channel) => {
    await channel.assertQueue('story.default', { durable: false });
    channel.publish('', 'story.default', Buffer.from('by the name of its queue'));
    await channel.waitForConfirms();
    assert.deepEqual(await drain(channel, 'story.default'), ['by the name of its queue']);
    await channel.deleteQueue('story.default');
  });
}

const direct = routed('direct', 'direct', [['red', 'red'], ['blue', 'blue']], async ({ publish, contents }) => {
  publish('red', 'r');
  publish('blue', 'b');
  publish('green', 'g');
  assert.deepEqual(await contents('red'), ['r']);
  assert.deepEqual(await contents('blue'), ['b']);
});

const fanout = routed('fanout', 'fanout', [['one', ''], ['two', 'ignored']], async ({ publish, contents }) => {
  publish('any', 'to all');
  assert.deepEqual(await contents('one'), ['to all']);
  assert.deepEqual(await contents('two'), ['to all']);
});

const TOPICS = [['star', 'a.*.c'], ['hash', 'a.#'], ['all', '#']];
const topic = routed('topic', 'topic', TOPICS, async ({ publish, contents }) => {
  for (const key of ['a', 'a.b.c', 'a.b.d.c', 'b']) publish(key, key);
  assert.deepEqual(await contents('star'), ['a.b.c']);
  assert.deepEqual(await contents('hash'), ['a', 'a.b.c', 'a.b.d.c']);
  assert.deepEqual(await contents('all'), ['a', 'a.b.c', 'a.b.d.c', 'b']);
});

const HEADERS = [
  ['all', '', { 'x-match': 'all', colour: 'red', size: 3 }],
  ['any', '', { 'x-match': 'any', colour: 'red', size: 3 }],
  ['any-with-x', '', { 'x-match': 'any-with-x', 'x-colour': 'red', size: 4 }],
];
const headers = routed('headers', 'headers', HEADERS, async ({ publish, contents }) => {
  publish('', 'both', { headers: { colour: 'red', size: 3, more: true } });
  publish('', 'one', { headers: { colour: 'red', size: 5 } });
  publish('', 'none', { headers: { colour: 'blue' } });
  publish('', 'x', { headers: { 'x-colour': 'red' } });
  assert.deepEqual(await contents('all'), ['both']);
  assert.deepEqual(await contents('any'), ['both', 'one']);
  assert.deepEqual(await contents('any-with-x'), ['x']);
});

const exchangeToExchange = routed('e2e', 'fanout', [['end', '']], async ({ channel, exchange, contents }) => {
  await channel.assertExchange('story.e2e.source', 'topic', { durable: false });
  await channel.bindExchange(exchange, 'story.e2e.source', 'go.#');
  channel.publish('story.e2e.source', 'go.on', Buffer.from('through two'));
  channel.publish('story.e2e.source', 'stay', Buffer.from('nowhere'));
  assert.deepEqual(await contents('end'), ['through two']);
  await channel.unbindExchange(exchange, 'story.e2e.source', 'go.#');
  channel.publish('story.e2e.source', 'go.on', Buffer.from('unbound'));
  assert.deepEqual(await contents('end'), []);
  await channel.deleteExchange('story.e2e.source');
});

const alternateExchange = routed('alternate', 'fanout', [['rest', '']], async ({ channel, exchange, contents }) => {
  await channel.assertExchange('story.alternate.first', 'direct', { durable: false, alternateExchange: exchange });
  channel.publish('story.alternate.first', 'unknown', Buffer.from('caught'), { mandatory: true });
  assert.deepEqual(await contents('rest'), ['caught']);
  await channel.deleteExchange('story.alternate.first');
});

module.exports = {
  default_exchange: defaultExchange,
  direct,
  fanout,
  topic,
  headers,
  exchange_to_exchange: exchangeToExchange,
  alternate_exchange: alternateExchange,
};
