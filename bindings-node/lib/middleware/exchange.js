'use strict';

/**
 * One HTTP request, from when a middleware sees it until its response is over.
 *
 * What lives here: when it began, the sizes of its bodies, and how it ended. `watcher.js` begins exchanges. Promised: a
 * request ends once, whether its response was sent, its client left, or its response never got to the connection.
 * Absent: names of endpoints, and who tells that a request is over (`ends.js`).
 *
 * Bodies are counted where they pass: a declared length tells nothing of a body that was cut off, and
 * `socket.bytesWritten` has headers, chunk sizes and the responses before and after this one in it.
 */

const Stream = require('node:stream');
const clock = require('./clock');
const { EXCHANGE, leave, watch } = require('./ends');

/** RFC 9110, 15.2.2: what a websocket's handshake is answered with. */
const SWITCHING = 101;

/** RFC 9110, 15.3.5 and 15.4.5: responses without content, whatever is written to them. */
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

/** RFC 9110, 15.6.1: what a request counts as whose response the application broke off. */
const ERROR = 500;

/** What nginx logs for a client that left before the answer. */
const GONE_AWAY = 499;

/** UTF-16 units become this many bytes of UTF-8 at most. */
const WIDEST = 3;

class Exchange {
  constructor(watcher, method, req, res, context, outer) {
    this.watcher = watcher;
    this.method = method;
    this.req = req;
    this.res = res;
    /** What the framework has beside the two. */
    this.context = context;
    /** The exchange of another registry's middleware. */
    this.outer = outer;
    this.begun = 0;
    this.received = 0;
    this.sent = 0;
    /** The length that the request's header declares, or -1. */
    this.declared = -1;
    this.isOver = false;
    /** Whether Node said that its response was sent. */
    this.isFinished = false;
    this.isEnding = false;
    this.write = null;
    this.end = null;
    this.push = null;
    // What `ends.js` knows it by.
    this.connection = null;
    this.before = null;
    this.after = null;
  }

  /** Its response is over, whether all of it is known to be sent or not: end, and those of other registries' middlewares. */
  over(isFinished) {
    for (let each = this; each !== null; each = each.outer) {
      leave(each);
      each.isFinished = isFinished;
      each.finish(0);
    }
  }

  /** End with this status, or the response's if it is 0. */
  finish(status) {
    if (this.isOver) return;
    this.isOver = true;
    const watcher = this.watcher;
    try {
      if (this.method.inFlight !== null) this.method.inFlight.dec();
      const seconds = (clock.now() - this.begun) / 1000;
      const answered = status === 0 ? statusOf(this) : status;
      watcher.endpointOf(this).record(this.method, seconds, answered, this.receivedBytes(), this.sentBytes());
    } catch (error) {
      watcher.faults.caught(error);
    }
  }

  /** End without a record: nothing may tell how the request ends. */
  abandon() {
    leave(this);
    if (this.isOver) return;
    this.isOver = true;
    if (this.method.inFlight !== null) this.method.inFlight.dec();
  }

  receivedBytes() {
    // Somebody before the middleware may have read the body, or a part of it.
    return this.declared > this.received && this.req.complete ? this.declared : this.received;
  }

  sentBytes() {
    const status = this.res.statusCode;
    const isBodiless = status === NO_CONTENT || status === NOT_MODIFIED || this.method.name === 'HEAD';
    return isBodiless ? 0 : this.sent;
  }
}

function statusOf(exchange) {
  const { req, res } = exchange;
  if (isSent(exchange)) return res.statusCode;
  if (req.upgrade === true && !res.headersSent) return SWITCHING;
  // Not of HTTP/2's responses, where it is undefined and a broken stream is the client's doing; and newer versions of Node give
  // the responses of a connection that its client left an error of this code.
  return res.errored && res.errored.code !== 'ECONNRESET' ? ERROR : GONE_AWAY;
}

/** Tell whether all of a response was given to the system. */
function isSent({ req, res, isFinished }) {
  if (!res.writableEnded) return false;
  // The socket of HTTP/2 is everybody's, and may not be asked.
  if (req.httpVersionMajor >= 2) return res.writableFinished;
  // A write that fails finishes a response as well.
  const { socket } = req;
  if (socket?.errored) return false;
  // Of requests that are injected into a framework it is no connection, and knows of no write.
  return isFinished || res.writableFinished || !(socket instanceof Stream);
}

/** Stands for a response's `write`. */
function countedWrite(chunk, encoding, callback) {
  const exchange = this[EXCHANGE];
  if (chunk !== null && chunk !== undefined && !exchange.isEnding) count(exchange, chunk, encoding);
  return exchange.write.call(this, chunk, encoding, callback);
}

/** Stands for a response's `end`. */
function countedEnd(chunk, encoding, callback) {
  const exchange = this[EXCHANGE];
  const isCounted =
    !exchange.isEnding && chunk !== undefined && chunk !== null && typeof chunk !== 'function';
  // HTTP/2's `end` calls `write`, and what comes after the end is not sent.
  exchange.isEnding = true;
  const result = exchange.end.call(this, chunk, encoding, callback);
  if (isCounted) count(exchange, chunk, encoding);
  return result;
}

function count(exchange, chunk, encoding) {
  try {
    const bytes = typeof chunk === 'string' ? textBytes(exchange, chunk, encoding) : chunk.byteLength;
    if (bytes > 0) for (let each = exchange; each !== null; each = each.outer) each.sent += bytes;
  } catch (error) {
    exchange.watcher.faults.caught(error);
  }
}

function textBytes(exchange, text, encoding) {
  if (exchange.isEnding && exchange.sent === 0) {
    // What Node worked out, or was told. It is no part of its interface, hence believed only if it can be.
    const length = exchange.res._contentLength;
    if (length >= text.length && length <= WIDEST * text.length) return length;
  }
  return Buffer.byteLength(text, typeof encoding === 'string' ? encoding : 'utf8');
}

/** Stands for the `push` of a request that has a body. */
function countedPush(chunk, encoding) {
  const exchange = this[EXCHANGE];
  if (chunk !== null && chunk !== undefined) {
    const bytes = chunk.byteLength;
    if (bytes > 0) for (let each = exchange; each !== null; each = each.outer) each.received += bytes;
  }
  return exchange.push.call(this, chunk, encoding);
}

/** Let a response and its request tell an exchange what passes. */
function attach(exchange) {
  const { req, res, outer } = exchange;
  res[EXCHANGE] = exchange;
  if (outer === null) {
    exchange.write = res.write;
    exchange.end = res.end;
    res.write = countedWrite;
    res.end = countedEnd;
    watch(exchange);
  } else {
    exchange.write = outer.write;
    exchange.end = outer.end;
    exchange.push = outer.push;
  }
  if (hasBody(exchange, req)) attachBody(exchange, req, outer);
}

function attachBody(exchange, req, outer) {
  exchange.received = req.readableLength;
  req[EXCHANGE] = exchange;
  if (outer !== null && outer.push !== null) return;
  exchange.push = req.push;
  req.push = countedPush;
}

/** Tell whether a request has a body, and keep the length that it declares. */
function hasBody(exchange, req) {
  // Not `req.headers`, which are made when they are first asked for.
  const raw = req.rawHeaders;
  let isChunked = false;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at];
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      const length = Number(raw[at + 1]);
      if (length > 0) exchange.declared = length;
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      isChunked = true;
    }
  }
  return (
    isChunked || exchange.declared > 0 || (req.httpVersionMajor >= 2 && req.stream?.endAfterHeaders === false)
  );
}

module.exports = { Exchange, ERROR, attach };
