'use strict';

/**
 * Loaded before an example (`--require`): whatever port it listens at, it gets a free one, is asked a few things, and ends.
 * What its `/metrics` answers is printed.
 */

const http = require('node:http');
const net = require('node:net');

const { listen } = net.Server.prototype;

async function visit(port) {
  const ask = (path) => fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
  await (await ask('/')).text();
  await (await ask('/users/42')).text();
  const answer = await ask('/metrics');
  process.stdout.write(`${answer.status} ${answer.headers.get('content-type')}\n${await answer.text()}`, () =>
    process.exit(),
  );
}

http.Server.prototype.listen = function () {
  return listen.call(this, 0, '127.0.0.1', () => {
    visit(this.address().port).catch((error) => {
      console.error(error);
      process.exit(1);
    });
  });
};
