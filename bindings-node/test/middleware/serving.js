'use strict';

/** Servers on loopback, clients that speak raw bytes, and readers of samples, for the tests of the middlewares. */

const assert = require('node:assert/strict');
const net = require('node:net');
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');

const Registry = require('../../lib/registry');

/** A registry of its own, and what reads it. */
class Reading {
  constructor() {
    this.registry = new Registry();
  }

  /** Return the value of the one sample of a name with these labels, and undefined where there is none. */
  async value(name, labels = {}) {
    const family = await this.family(name);
    const found = (family?.values ?? []).filter(
      (sample) =>
        (sample.metricName ?? name) === name &&
        Object.entries(labels).every(([label, value]) => String(sample.labels[label]) === String(value)),
    );
    assert.ok(found.length <= 1, `${name} ${JSON.stringify(labels)} is ${found.length} samples`);
    return found[0]?.value;
  }

  async family(name) {
    const families = await this.registry.getMetricsAsJSON();
    return families.find(
      (each) => name === each.name || name.replace(/_(bucket|sum|count)$/, '') === each.name,
    );
  }

  /** Return the requests by `METHOD endpoint`. */
  async requests() {
    const { values } = await this.family('http_requests_total');
    const named = values
      .filter((sample) => sample.value > 0)
      .map(({ labels, value }) => [`${labels.method} ${labels.endpoint}`, value]);
    return Object.fromEntries(named);
  }

  /** Return the responses by `status endpoint`. */
  async statuses() {
    const { values } = await this.family('http_response_status_total');
    return Object.fromEntries(
      values.map(({ labels, value }) => [`${labels.status} ${labels.endpoint}`, value]),
    );
  }

  /** Return the sum of all requests in flight. */
  async inFlight() {
    const { values } = await this.family('http_requests_in_flight');
    return values.reduce((sum, sample) => sum + sample.value, 0);
  }

  /** Wait until so many requests are over, and then for what might be counted too much. */
  async over(count) {
    const deadline = Date.now() + 5000;
    const total = async () => Object.values(await this.requests()).reduce((sum, value) => sum + value, 0);
    while ((await total()) < count && Date.now() < deadline) await sleep(5);
    await sleep(20);
    assert.equal(await total(), count, 'requests that were counted');
  }

  /** Wait until so many requests are being served. */
  async serving(count) {
    const deadline = Date.now() + 5000;
    while ((await this.inFlight()) !== count && Date.now() < deadline) await sleep(5);
    assert.equal(await this.inFlight(), count, 'requests in flight');
  }
}

/** Listen on loopback until the test is over, and return the address. */
async function listening(t, server) {
  if (!server.listening) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** Ask and read the answer whole. */
async function ask(url, options) {
  const answer = await fetch(url, options);
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

/** Connect and send bytes. */
async function connected(url, bytes = '') {
  const { port } = new URL(url);
  const socket = net.connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

/** Send bytes, and return all that comes until the server closes the connection. */
async function exchanged(url, bytes) {
  const socket = await connected(url, bytes);
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

module.exports = { Reading, ask, connected, exchanged, listening, sleep };
