'use strict';
/** Tells a story to its runner: one line a happening on standard output, ten seconds for every step. */

const assert = require('node:assert/strict');
const readline = require('node:readline');

const STEP_LIMIT_MS = 10_000;
// A RabbitMQ takes six seconds to stop and start, a recovering client backs off meanwhile.
const RESTART_LIMIT_MS = 120_000;

/** Thrown by a step whose client has no such thing. */
class Cannot extends Error {}

/** What was delivered and not yet looked at, in order. */
class Inbox {
  #items = [];
  #waiting = [];

  put(item) {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(item);
    else this.#items.push(item);
  }

  /** The next one, as soon as it is there. */
  next() {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async take(count) {
    const taken = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  get size() {
    return this.#items.length;
  }
}

function say(...words) {
  process.stdout.write(`${words.join(' ').replace(/\s*[\r\n]+\s*/g, ' ')}\n`);
}

/** Asks for a new broker; resolves once it listens. */
function brokerRestarted() {
  const lines = readline.createInterface({ input: process.stdin });
  return new Promise((resolve) => {
    lines.once('line', () => {
      lines.close();
      resolve();
    });
    say('restart');
  });
}

function within(limitMs, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${limitMs / 1000} s`)), limitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** The error that a promise is rejected with; throws where it is not. */
async function rejected(promise) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  return assert.fail(`not refused, but answered ${JSON.stringify(value)}`);
}

/** Runs the steps (name: async function of URL and saw) in their order and ends the process. */
async function tell(steps) {
  const url = process.argv[2];
  for (const [name, step] of Object.entries(steps)) {
    const saw = (error) => say('saw', name, error instanceof Error ? `${error.name}: ${error.message}` : error);
    try {
      await within(name === 'restart' ? RESTART_LIMIT_MS : STEP_LIMIT_MS, step(url, saw));
      say('ok', name);
    } catch (error) {
      if (error instanceof Cannot) {
        say('cannot', name, error.message);
      } else {
        say('failed', name, String(error));
        console.error(error);
      }
    }
  }
  process.exit(0);
}

module.exports = { Cannot, Inbox, brokerRestarted, rejected, tell };
