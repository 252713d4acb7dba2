'use strict';

/**
 * The metrics as an answer to a request, for middlewares with the option `path`.
 *
 * Promised: only GET and HEAD of that path, whatever its query, are answered, and a collector that fails is the
 * request's error.
 */

const QUESTION_MARK = 63;

/** Tell whether a request's target has this path. */
function isPath(url, path) {
  // Most are told apart by their second character, without a call.
  if (path.length > 1 && url.charCodeAt(1) !== path.charCodeAt(1)) return false;
  if (url.length === path.length) return url === path;
  return url.length > path.length && url.charCodeAt(path.length) === QUESTION_MARK && url.startsWith(path);
}

class Exposition {
  constructor(registry, path) {
    if (typeof path !== 'string' || !path.startsWith('/'))
      throw new TypeError('path must begin with a slash');
    this.registry = registry;
    this.path = path;
  }

  isAt(req) {
    return (req.method === 'GET' || req.method === 'HEAD') && isPath(req.url, this.path);
  }

  get contentType() {
    return this.registry.contentType;
  }

  /** @returns {Promise<string>} */
  async text() {
    return this.registry.metrics();
  }

  /** Answer with the metrics. Rejects if they cannot be had, with nothing sent. */
  async answer(res) {
    const body = Buffer.from(await this.text());
    res.statusCode = 200;
    res.setHeader('Content-Type', this.contentType);
    res.setHeader('Content-Length', body.length);
    res.end(body);
  }
}

module.exports = { Exposition, isPath };
