'use strict';

/**
 * `Pushgateway`: sends a registry's metrics to a Pushgateway, for jobs that end before anybody scrapes them.
 *
 * What lives here: the class and its request. Promised: one request per call, nothing repeated, options and their
 * headers are not changed; `http.request` and `https.request` are looked up when they are called, so that whoever
 * replaces them sees the request. Absent: the gateway's own rules, such as which names a grouping may have.
 */

const { promisify } = require('util');
const { urlToHttpOptions } = require('url');
const Registry = require('./registry');

class Pushgateway {
  /**
   * @param {string | URL} gatewayUrl may have a path and credentials
   * @param {object} [options] those of `http.request` (`headers`, `timeout`, `agent`, ...), and
   * @param {boolean} [options.requireJobName] whether a call without a job's name throws (default true)
   * @param {object} [registry] the global one unless given
   */
  constructor(gatewayUrl, options, registry) {
    const { requireJobName, ...requestOptions } = { requireJobName: true, ...options };
    this.registry = registry || Registry.globalRegistry;
    this.gatewayUrl = gatewayUrl;
    this.requireJobName = requireJobName;
    this.requestOptions = requestOptions;
  }

  /**
   * Replaces what the group has of the same names.
   * @param {{jobName?: string, groupings?: Record<string, string>}} [params]
   * @returns {Promise<{resp: import('http').IncomingMessage, body: string}>}
   */
  pushAdd(params) {
    return this._send('POST', params);
  }

  /** Replaces all that the group has. */
  push(params) {
    return this._send('PUT', params);
  }

  /** Removes the group. */
  delete(params) {
    return this._send('DELETE', params);
  }

  // Not async: a missing name is thrown, and not a rejection.
  _send(method, { jobName, groupings } = {}) {
    if (this.requireJobName && !jobName) throw new Error('Missing jobName parameter');
    try {
      return exchange(this, method, groupPath(jobName, groupings));
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

// Not async: the request is made before the call returns, as whoever intercepts it expects.
function exchange(gateway, method, path) {
  const url = new URL(gateway.gatewayUrl);
  // Not resolved against the address: a path that begins with two slashes would name another host.
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  url.search = '';
  url.hash = '';
  const options = { ...urlToHttpOptions(url), ...gateway.requestOptions, method };
  const encoding = encodingName(options.headers);
  if (method !== 'DELETE') return request(url, options, () => bodyOf(gateway, options.headers?.[encoding]));
  if (encoding !== undefined) {
    options.headers = { ...options.headers };
    delete options.headers[encoding];
  }
  return request(url, options);
}

async function bodyOf({ registry }, encoding) {
  const text = await registry.metrics();
  return encoding === 'gzip' ? promisify(require('zlib').gzip)(text) : text;
}

/** Under which spelling the headers name an encoding of the body, if they do. */
function encodingName(headers) {
  return Object.keys(headers ?? {}).find((header) => header.toLowerCase() === 'content-encoding');
}

function request({ protocol }, options, body) {
  return new Promise((resolve, reject) => {
    const client = protocol === 'https:' ? require('https') : require('http');
    const sent = client.request(options, (resp) => {
      let text = '';
      resp.setEncoding('utf8');
      resp.on('data', (chunk) => {
        text += chunk;
      });
      // A connection that breaks off has no end, only an error.
      resp.on('error', reject);
      resp.on('end', () => {
        if (resp.statusCode < 400) resolve({ resp, body: text });
        else reject(new Error(`push failed with status ${resp.statusCode}, ${text}`));
      });
    });
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error('Pushgateway request timed out')));
    if (body === undefined) {
      sent.end();
      return;
    }
    body().then(
      (bytes) => {
        sent.write(bytes);
        sent.end();
      },
      // Nothing was sent yet, and nothing will be.
      (error) => sent.destroy(error),
    );
  });
}

function groupPath(jobName, groupings) {
  if (!jobName) return '/metrics';
  const pairs = Object.entries({ ...groupings }).flat();
  return ['/metrics', 'job', jobName, ...pairs]
    .map((part, index) => (index === 0 ? part : encodeURIComponent(part)))
    .join('/');
}

module.exports = Pushgateway;
