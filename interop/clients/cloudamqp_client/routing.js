'use strict';
/** The steps about exchanges: which queue a message reaches. */

const assert = require('node:assert/strict');
const { drain, onChannel, send, withQueue } = require('./rabbit.js');

const TRANSIENT = { durable: false };

/** Declares an exchange `story.NAME` and a queue `story.NAME.LABEL` for each binding, and removes all at the end. */
function routed(name, type, bindings, work) {
  return (url) =>
    onChannel(url, async (channel) => {
      const exchange = `story.${name}`;
      await channel.exchangeDeclare(exchange, type, TRANSIENT);
      const queueOf = (label) => `${exchange}.${label}`;
      for (const [label, pattern, args] of bindings) {
        await channel.queueDeclare(queueOf(label), TRANSIENT);
        await channel.queueBind(queueOf(label), exchange, pattern, args);
      }
      const publish = (key, body, properties) => channel.basicPublish(exchange, key, body, properties);
      await work({ channel, exchange, publish, contents: (label) => drain(channel, queueOf(label)) });
      for (const [label] of bindings) await channel.queueDelete(queueOf(label));
      await channel.exchangeDelete(exchange);
    });
}

function defaultExchange(url) {
  return onChannel(url, (channel) =>
    withQueue(channel, 'story.default', async (queue) => {
      await send(channel, queue, 'by the name of its queue');
      assert.deepEqual(await drain(channel, queue), ['by the name of its queue']);
    }),
  );
}

const direct = routed('direct', 'direct', [['red', 'red'], ['blue', 'blue']], async ({ publish, contents }) => {
  await publish('red', 'r');
  await publish('blue', 'b');
  await publish('green', 'g');
  assert.deepEqual(await contents('red'), ['r']);
  assert.deepEqual(await contents('blue'), ['b']);
});

const fanout = routed('fanout', 'fanout', [['one', ''], ['two', 'ignored']], async ({ publish, contents }) => {
  await publish('any', 'to all');
  assert.deepEqual(await contents('one'), ['to all']);
  assert.deepEqual(await contents('two'), ['to all']);
});

const TOPICS = [['star', 'a.*.c'], ['hash', 'a.#'], ['all', '#']];
const topic = routed('topic', 'topic', TOPICS, async ({ publish, contents }) => {
  for (const key of ['a', 'a.b.c', 'a.b.d.c', 'b']) await publish(key, key);
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
  await publish('', 'both', { headers: { colour: 'red', size: 3, more: true } });
  await publish('', 'one', { headers: { colour: 'red', size: 5 } });
  await publish('', 'none', { headers: { colour: 'blue' } });
  await publish('', 'x', { headers: { 'x-colour': 'red' } });
  assert.deepEqual(await contents('all'), ['both']);
  assert.deepEqual(await contents('any'), ['both', 'one']);
  assert.deepEqual(await contents('any-with-x'), ['x']);
});

const exchangeToExchange = routed('e2e', 'fanout', [['end', '']], async ({ channel, exchange, contents }) => {
  const source = 'story.e2e.source';
  await channel.exchangeDeclare(source, 'topic', TRANSIENT);
  await channel.exchangeBind(exchange, source, 'go.#');
  await channel.basicPublish(source, 'go.on', 'through two');
  await channel.basicPublish(source, 'stay', 'nowhere');
  assert.deepEqual(await contents('end'), ['through two']);
  await channel.exchangeUnbind(exchange, source, 'go.#');
  await channel.basicPublish(source, 'go.on', 'unbound');
  assert.deepEqual(await contents('end'), []);
  await channel.exchangeDelete(source);
});

const alternateExchange = routed('alternate', 'fanout', [['rest', '']], async ({ channel, exchange, contents }) => {
  const first = 'story.alternate.first';
  await channel.exchangeDeclare(first, 'direct', TRANSIENT, { 'alternate-exchange': exchange });
  await channel.basicPublish(first, 'unknown', 'caught');
  assert.deepEqual(await contents('rest'), ['caught']);
  await channel.exchangeDelete(first);
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
