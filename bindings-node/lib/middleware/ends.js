'use strict';

/**
 * When an exchange is over: who tells it so.
 *
 * What lives here: the exchanges of each connection that are not over. `exchange.js` has its exchanges watched. Node says
 * of every response of HTTP/1 that it was sent on a channel of its own, to whoever listens to that once, and a
 * connection that closes ends what was not: so no response has a listener of ours, which would cost each request more
 * than what is recorded of it. Promised: an exchange is told at least once, also those of pipelined requests whose turn
 * to be sent never came; nothing is listened to while there is no connection. Absent: what an end means.
 *
 * HTTP/2's responses, and those of requests that are injected into a framework, are not on that channel. There the
 * response's `close` tells of both ways to end.
 */

const channels = require('node:diagnostics_channel');
const { Socket } = require('node:net');
const clock = require('./clock');

/** Where Node says that it gave a response to the system, and that is all it says there. */
const FINISHED = 'http.server.response.finish';

/** Under which a response has its exchange, and a request that has a body. */
const EXCHANGE = Symbol('tykmetrics.exchange');

/** Under which a connection has what is known of it here, or null if it is none of Node's own. */
const CONNECTION = Symbol('tykmetrics.connection');

/** How many connections are open. */
let open = 0;

class Connection {
  constructor() {
    /** The exchange that began last of those that are not over. */
    this.last = null;
  }
}

/** Wait for the end of an exchange, which is told of it by its `over`. */
function watch(exchange) {
  const { req, res } = exchange;
  const connection = req.httpVersionMajor < 2 ? connectionOf(req.socket) : null;
  if (connection === null) {
    clock.look();
    res.on('close', responseClosed);
    return;
  }
  const { last } = connection;
  if (last !== null) last.after = exchange;
  exchange.before = last;
  exchange.connection = connection;
  connection.last = exchange;
}

/** Wait no longer. */
function leave(exchange) {
  const { connection, before, after } = exchange;
  if (connection === null) return;
  if (before !== null) before.after = after;
  if (after !== null) after.before = before;
  else connection.last = before;
  exchange.connection = exchange.before = exchange.after = null;
}

function connectionOf(socket) {
  if (!socket) return null;
  const known = socket[CONNECTION];
  return known === undefined ? newConnection(socket) : known;
}

function newConnection(socket) {
  clock.look();
  const connection = socket instanceof Socket ? new Connection() : null;
  socket[CONNECTION] = connection;
  if (connection === null || socket.closed) return connection;
  socket.on('close', connectionClosed);
  if (open === 0) channels.subscribe(FINISHED, responseFinished);
  open += 1;
  return connection;
}

/** The listener of what Node says of a response that was sent. */
function responseFinished({ response }) {
  const exchange = response[EXCHANGE];
  if (exchange !== undefined) exchange.over();
}

/** The listener of a connection's `close`. */
function connectionClosed() {
  let waiting = this[CONNECTION].last;
  while (waiting !== null) {
    const { before } = waiting;
    waiting.over();
    waiting = before;
  }
  open -= 1;
  if (open === 0) channels.unsubscribe(FINISHED, responseFinished);
}

/** The listener of a response's `close`. */
function responseClosed() {
  this[EXCHANGE].over();
}

module.exports = { EXCHANGE, leave, watch };
