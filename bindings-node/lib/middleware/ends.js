'use strict';

/**
 * When an exchange is over: who tells it so.
 *
 * What lives here: the exchanges of each connection that are not over. `exchange.js` has its exchanges watched. Node says
 * of every response of HTTP/1 that it was sent on a channel of its own, to whoever listens to that once, and a
 * connection that closes ends what was not: so most responses have no listener of ours, which every request would pay
 * for. Promised: an exchange is told at least once, also those of pipelined requests whose
 * turn to be sent never came. Absent: what an end means.
 *
 * A response that is not on that channel, or that may be closed while its connection goes on, has a listener after all:
 * HTTP/2's, what is injected into a framework, what an application makes itself, and those that wait for their turn.
 */

const channels = require('node:diagnostics_channel');
const { Socket } = require('node:net');
const Stream = require('node:stream');
const clock = require('./clock');

/** Where Node says that it gave a response to the system, and that is all it says there. */
const FINISHED = 'http.server.response.finish';

/** Under which a response has the exchange that began last, and a request that has a body. */
const EXCHANGE = Symbol('tykmetrics.exchange');

/** Under which a connection has what is known of it here. */
const CONNECTION = Symbol('tykmetrics.connection');

/** Milliseconds that the channel is listened to when no connection is open any more: not every lone one begins it again. */
const IDLE = 1000;

/** How many connections are open whose responses Node tells of. */
let open = 0;

let isListening = false;

/** What looks whether there is still no connection. */
let idle = null;

class Connection {
  constructor(isTold) {
    /** Whether Node tells of its responses. */
    this.isTold = isTold;
    this.isOpen = true;
    /** The exchange that began last of those that are not over. */
    this.last = null;
  }
}

/** Wait for the end of an exchange: the one that began last with its response is told of it by its `over`. */
function watch(exchange) {
  const { req, res } = exchange;
  const connection = req.httpVersionMajor < 2 ? connectionOf(req.socket) : null;
  // A response that lies on another connection than its request, or comes after it, is none that Node's server made.
  const isTold =
    connection !== null && connection.isTold && res.socket === req.socket && req.upgrade !== true;
  if (!isTold) res.on('close', responseClosed);
  if (connection === null) {
    clock.look();
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
  const known = socket?.[CONNECTION];
  return known === undefined ? newConnection(socket) : known;
}

function newConnection(socket) {
  // One that is closed already may tell so, or may have told.
  if (!(socket instanceof Stream) || socket.closed) return null;
  // The parser is what Node's server has a connection's requests from. It is no part of the interface, and without it the
  // responses tell.
  const isTold = socket instanceof Socket && Boolean(socket.parser);
  const connection = new Connection(isTold);
  socket[CONNECTION] = connection;
  clock.look();
  // Before the responses hear of it, since their listeners may end them: that would look as if they had been answered.
  socket.prependListener('close', connectionClosed);
  if (isTold) listen();
  return connection;
}

function listen() {
  open += 1;
  if (isListening) return;
  isListening = true;
  channels.subscribe(FINISHED, responseFinished);
}

/** Listens no longer if nothing came: what is listened to holds this module, which tests load again and again. */
function rest() {
  idle = null;
  if (open > 0) return;
  isListening = false;
  channels.unsubscribe(FINISHED, responseFinished);
}

/** The listener of what Node says of a response that was sent. */
function responseFinished(message) {
  const exchange = message?.response?.[EXCHANGE];
  if (exchange !== undefined) exchange.over(true);
}

/** The listener of a connection's `close`. */
function connectionClosed() {
  const connection = this[CONNECTION];
  for (let { last } = connection; last !== null; last = connection.last) {
    last.res[EXCHANGE].over(false);
    leave(last);
  }
  if (!connection.isOpen) return;
  connection.isOpen = false;
  if (!connection.isTold) return;
  open -= 1;
  if (open === 0 && idle === null) idle = setTimeout(rest, IDLE).unref();
}

/** The listener of a response's `close`. */
function responseClosed() {
  this[EXCHANGE].over(false);
}

module.exports = { EXCHANGE, leave, watch };
