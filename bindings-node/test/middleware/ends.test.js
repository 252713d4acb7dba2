'use strict';

/** Who tells that a request is over: Node's channel, the connection, or the response itself. */

const assert = require('node:assert/strict');
const channels = require('node:diagnostics_channel');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { once } = require('node:events');
const { Duplex } = require('node:stream');
const test = require('node:test');

const { instrumentHttp } = require('../../lib/middleware');
const { CERTIFICATE, KEY } = require('./certificate');
const { Reading, ask, connected, exchanged, listening, sleep } = require('./serving');

const KEPT = 'GET / HTTP/1.1\r\nHost: it\r\n\r\n';
const LAST = 'GET / HTTP/1.1\r\nHost: it\r\nConnection: close\r\n\r\n';

const isListened = () => channels.channel('http.server.response.finish').hasSubscribers;

/** Return a reading and a listener whose requests are all called `/it`. */
function instrumented(handler) {
  const reading = new Reading();
  return {
    reading,
    listener: instrumentHttp(handler, { registry: reading.registry, endpoint: () => '/it' }),
  };
}

async function until(condition) {
  for (let waited = 0; waited < 500 && !condition(); waited += 1) await sleep(5);
  assert.ok(condition(), `${condition}`);
}

test('a response has no listener of ours, and its connection one', async (t) => {
  const added = [];
  const { listener, reading } = instrumented((req, res) => res.end());
  const server = http.createServer((req, res) => {
    const counts = () => [res.listenerCount('close'), req.socket.listenerCount('close')];
    const [ofResponse, ofConnection] = counts();
    listener(req, res);
    const [withOurs, withItsOwn] = counts();
    added.push([withOurs - ofResponse, withItsOwn - ofConnection]);
  });
  const socket = await connected(await listening(t, server));
  for (let request = 1; request <= 3; request += 1) {
    socket.write(KEPT);
    await once(socket, 'data');
  }
  socket.destroy();
  await reading.over(3);
  assert.deepEqual(added, [
    [0, 1],
    [0, 0],
    [0, 0],
  ]);
});

test("nothing listens to Node's channel once there was no connection for a second", async (t) => {
  const { listener, reading } = instrumented((req, res) => res.end());
  const url = await listening(t, http.createServer(listener));
  await until(() => !isListened());
  const first = await connected(url, KEPT);
  const second = await connected(url, KEPT);
  await reading.over(2);
  assert.ok(isListened());
  first.destroy();
  await sleep(50);
  assert.ok(isListened());
  second.destroy();
  await until(() => !isListened());
  await exchanged(url, LAST);
  await reading.over(3);
  await until(() => !isListened());
});

test('a response that ends without our end is counted when it is sent, not when its connection closes', async (t) => {
  const { listener, reading } = instrumented(() => {});
  const server = http.createServer((req, res) => {
    const { end } = res;
    listener(req, res);
    end.call(res);
  });
  const socket = await connected(await listening(t, server), KEPT);
  await reading.over(1);
  assert.deepEqual(await reading.statuses(), { '200 /it': 1 });
  socket.destroy();
});

test('a response that the application makes for an upgraded connection is over when it says so', async (t) => {
  const { listener, reading } = instrumented((req, res) => res.end('hello'));
  const server = http.createServer(listener);
  let upgraded;
  server.on('upgrade', (req, socket) => {
    upgraded = socket;
    const res = new http.ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    listener(req, res);
    res.on('finish', () => res.emit('close'));
  });
  const socket = await connected(await listening(t, server), KEPT);
  await once(socket, 'data');
  socket.write('GET / HTTP/1.1\r\nHost: it\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  await reading.over(2);
  assert.equal(await reading.inFlight(), 0);
  upgraded.destroy();
  socket.destroy();
});

test('a connection that is no socket of Node is served, and its responses tell themselves', async () => {
  await until(() => !isListened());
  const { listener, reading } = instrumented((req, res) => res.end('hello'));
  const server = http.createServer(listener);
  let text = '';
  const connection = new Duplex({
    read() {},
    write(chunk, encoding, done) {
      text += chunk;
      done();
    },
  });
  server.emit('connection', connection);
  connection.push(KEPT);
  await reading.over(1);
  assert.match(text, /hello$/);
  assert.equal(isListened(), false);
  connection.destroy();
});

test('a pipelined request whose client is gone before the middleware comes is over at once', async (t) => {
  const { listener, reading } = instrumented(() => {});
  const gone = [];
  const server = http.createServer(async (req, res) => {
    gone.push(once(req.socket, 'close'));
    await gone[0];
    // Whatever else is told of the end is told by then.
    await sleep(20);
    listener(req, res);
  });
  const socket = await connected(await listening(t, server), KEPT + KEPT);
  await until(() => gone.length === 2);
  socket.destroy();
  await reading.over(2);
  assert.deepEqual(await reading.statuses(), { '499 /it': 2 });
  assert.equal(await reading.inFlight(), 0);
});

test('a clock that takes the place of performance is looked up with the next connection', async (t) => {
  const real = Object.getOwnPropertyDescriptor(globalThis, 'performance');
  const { listener, reading } = instrumented((req, res) => {
    time += 3000;
    res.end();
  });
  let time = 1000;
  const url = await listening(t, http.createServer(listener));
  t.after(() => Object.defineProperty(globalThis, 'performance', real));
  Object.defineProperty(globalThis, 'performance', {
    value: { now: () => time },
    configurable: true,
    writable: true,
  });
  await exchanged(url, LAST);
  await reading.over(1);
  assert.equal(await reading.value('http_request_latency_seconds_sum', { endpoint: '/it' }), 3);
});

test('two registries hear of every end', async (t) => {
  const outer = new Reading();
  const { listener, reading } = instrumented((req, res) => {
    if (req.method === 'POST') res.end();
  });
  const both = instrumentHttp(listener, { registry: outer.registry, endpoint: () => '/it' });
  const url = await listening(t, http.createServer(both));
  await ask(url, { method: 'POST' });
  const socket = await connected(url, KEPT);
  await outer.serving(1);
  socket.destroy();
  for (const each of [outer, reading]) {
    await each.over(2);
    assert.deepEqual(await each.statuses(), { '200 /it': 1, '499 /it': 1 });
    assert.equal(await each.inFlight(), 0);
  }
});

for (const [event, emitter] of [
  ['close', (req) => req.socket],
  ['aborted', (req) => req],
]) {
  test(`a request that begins in a listener of ${event} is counted, by each registry`, async (t) => {
    const second = new Reading();
    const { listener, reading } = instrumented(() => {});
    const late = instrumentHttp(() => {}, { registry: second.registry, endpoint: () => '/it' });
    const server = http.createServer((req, res) => {
      if (req.method === 'HEAD') {
        listener(req, res);
        res.end();
        return;
      }
      if (req.method === 'POST') listener(req, res);
      emitter(req).on(event, () => {
        listener(req, res);
        late(req, res);
      });
    });
    const url = await listening(t, server);
    for (const method of ['GET', 'POST']) {
      const socket = await connected(url, KEPT.replace('GET', 'HEAD'));
      await once(socket, 'data');
      socket.write(KEPT.replace('GET', method));
      await sleep(50);
      socket.destroy();
    }
    await reading.over(4);
    await second.over(2);
    assert.deepEqual(await reading.statuses(), { '200 /it': 2, '499 /it': 2 });
    assert.deepEqual(await second.statuses(), { '499 /it': 2 });
    for (const each of [reading, second]) assert.equal(await each.inFlight(), 0);
  });
}

test('a response that the application makes on a connection of its own is over when it says so', async (t) => {
  const { listener, reading } = instrumented((req, res) => res.end('inside'));
  const server = http.createServer((req, res) => {
    const inner = new http.ServerResponse(req);
    inner.assignSocket(new Duplex({ read() {}, write: (chunk, encoding, done) => done() }));
    inner.on('finish', () => inner.emit('close'));
    if (req.method === 'GET') listener(req, inner);
    else listener(req, res);
  });
  const socket = await connected(await listening(t, server), KEPT.replace('GET', 'HEAD'));
  await once(socket, 'data');
  socket.write(KEPT);
  await reading.over(2);
  assert.equal(await reading.inFlight(), 0);
  socket.destroy();
});

test('a request that begins while its connection is being destroyed is counted', async (t) => {
  const { listener, reading } = instrumented(() => {});
  const server = http.createServer((req, res) => {
    req.socket.destroy();
    listener(req, res);
  });
  await connected(await listening(t, server), KEPT);
  await reading.over(1);
  assert.deepEqual(await reading.statuses(), { '499 /it': 1 });
  assert.equal(await reading.inFlight(), 0);
});

for (const before of [0, 1]) {
  test(`an answer that ends because its client left, after ${before} others, is no answer`, async (t) => {
    const { listener, reading } = instrumented((req, res) => {
      if (req.method === 'HEAD') {
        res.end();
        return;
      }
      res.write('data: 1\n\n');
      res.on('close', () => res.end());
    });
    const socket = await connected(await listening(t, http.createServer(listener)));
    for (let request = 0; request < before; request += 1) {
      socket.write(KEPT.replace('GET', 'HEAD'));
      await once(socket, 'data');
    }
    socket.write(KEPT);
    await once(socket, 'data');
    socket.destroy();
    await reading.over(before + 1);
    const statuses = await reading.statuses();
    assert.equal(statuses['499 /it'], 1);
    assert.equal(statuses['200 /it'] ?? 0, before);
  });
}

test('pipelined requests of a connection that is no socket of Node are each over when it is', async () => {
  const { listener, reading } = instrumented(() => {});
  const connection = new Duplex({ read() {}, write: (chunk, encoding, done) => done() });
  http.createServer(listener).emit('connection', connection);
  connection.push(KEPT + KEPT);
  await reading.serving(2);
  connection.destroy();
  await reading.over(2);
  assert.equal(await reading.inFlight(), 0);
});

test('a connection that closes twice is one connection', async (t) => {
  const { listener, reading } = instrumented((req, res) => res.end());
  const server = http.createServer((req, res) => {
    listener(req, res);
    if (req.method === 'HEAD') req.socket.emit('close');
  });
  const url = await listening(t, server);
  const first = await connected(url, KEPT.replace('GET', 'HEAD'));
  await once(first, 'data');
  first.destroy();
  await until(() => !isListened());
  const second = await connected(url, KEPT);
  await reading.over(2);
  assert.equal(await reading.inFlight(), 0);
  second.destroy();
});

test('what the application writes after its answer makes it no other', async (t) => {
  const { listener, reading } = instrumented((req, res) => {
    res.end('hello');
    req.socket.write('more');
  });
  const url = await listening(t, https.createServer({ key: KEY, cert: CERTIFICATE }, listener));
  const client = tls.connect({
    port: Number(new URL(url).port),
    host: '127.0.0.1',
    rejectUnauthorized: false,
  });
  t.after(() => client.destroy());
  await once(client, 'secureConnect');
  client.write(KEPT);
  await reading.over(1);
  assert.deepEqual(await reading.statuses(), { '200 /it': 1 });
});

test('a response of no connection at all is over when it says so', async () => {
  await until(() => !isListened());
  const { listener, reading } = instrumented(() => {});
  const req = new http.IncomingMessage(new net.Socket());
  Object.assign(req, { httpVersionMajor: 1, httpVersionMinor: 1, method: 'GET', url: '/' });
  const res = new http.ServerResponse(req);
  listener(req, res);
  res.emit('close');
  await reading.over(1);
  assert.equal(await reading.inFlight(), 0);
  assert.equal(isListened(), false);
});

test("what others say on Node's channel is not ours", async (t) => {
  const { listener, reading } = instrumented((req, res) => res.end());
  const socket = await connected(await listening(t, http.createServer(listener)), KEPT);
  await reading.over(1);
  const failed = [];
  t.mock.method(process, 'nextTick', (tell) => failed.push(tell));
  for (const message of [undefined, null, {}, { response: {} }]) {
    channels.channel('http.server.response.finish').publish(message);
  }
  // Where Node throws what a subscriber throws.
  assert.deepEqual(failed, []);
  socket.destroy();
});

test('what is ignored is told by paths or a function', () => {
  for (const ignore of [/^.health/, ['/a', ['/b']], [7]]) {
    assert.throws(() => instrumentHttp(() => {}, { registry: new Reading().registry, ignore }), {
      name: 'TypeError',
      message: /^ignore takes paths or a function, not /,
    });
  }
});
