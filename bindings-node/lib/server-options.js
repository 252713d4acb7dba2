'use strict';

/**
 * What a user says of a server, as the engine is told it: the keys of docs/configuration.md. Called by `server.js`. Pure. Whether
 * a key is known and a value allowed is the engine's to say.
 */

const { fileURLToPath } = require('url');

/** Where a server listens unless the host or the port is given. */
const HOST = '127.0.0.1';
const PORT = 9090;

/** Keys below which names are the user's. */
const VERBATIM = new Set(['labels']);

/** What is for hosts, and is another thing's here. */
const ELSEWHERE = {
  metric_prefix: 'give `prefix` to collectDefaultMetrics',
  collectors: 'call collectDefaultMetrics for the metrics of the process and of Node',
  slow_request: 'it has no meaning in Node',
};

function refusal(message) {
  return Object.assign(new Error(message), { code: 'ERR_TYKMETRICS_CONFIG' });
}

/** `clientCa` as `client_ca`. */
function snake(name) {
  return name.replace(/[A-Z]+(?![a-z])|[A-Z]/g, (letters, at) => {
    return `${at > 0 ? '_' : ''}${letters.toLowerCase()}`;
  });
}

function isPlain(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof URL);
}

function valueOf(key, value) {
  if (value instanceof URL && value.protocol === 'file:') return fileURLToPath(value);
  if (value === null || ['boolean', 'number', 'string'].includes(typeof value)) return value;
  if (Array.isArray(value)) return value.map((item) => valueOf(key, item));
  throw refusal(`${key} is ${Object.prototype.toString.call(value)}: give it text, a number, true or false`);
}

/** What is the user's to name, as it is. */
function verbatim(key, object) {
  const given = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, valueOf(`${key}.${name}`, value)]));
}

/** The keys of an object, nested as they are given. */
function nested(object, below) {
  const all = {};
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const key = snake(name);
    const path = below === '' ? key : `${below}.${key}`;
    if (!isPlain(value)) all[key] = valueOf(path, value);
    else if (VERBATIM.has(path)) all[key] = verbatim(path, value);
    else all[key] = nested(value, path);
  }
  return all;
}

/** `basic: { name, password }` as `basic_name` and `basic_password`. */
function flat(auth) {
  if (!isPlain(auth) || !isPlain(auth.basic)) return auth;
  const { basic, ...rest } = auth;
  for (const [name, value] of Object.entries(basic)) rest[`basic_${name}`] = value;
  return rest;
}

/** One address of a host and a port. */
function listenOf(host = HOST, port = PORT) {
  const text = `${host}`;
  const isBare = text.includes(':') && !text.startsWith('[');
  return `${isBare ? `[${text}]` : text}:${port}`;
}

/**
 * What the engine is told.
 * @param {object} options what the user gave, but for the registry
 * @returns {object}
 */
function settingsOf(options) {
  if (!isPlain(options)) throw refusal('startHttpServer is given an object of options');
  const { host, port, auth, ...rest } = nested(options, '');
  for (const [key, instead] of Object.entries(ELSEWHERE)) {
    if (key in rest) throw refusal(`${key} is not for startHttpServer: ${instead}`);
  }
  if (auth !== undefined) rest.auth = flat(auth);
  if (host === undefined && port === undefined) return rest;
  if (rest.listen !== undefined) throw refusal('listen is given beside host or port: give one of them');
  return { ...rest, listen: listenOf(host ?? undefined, port ?? undefined) };
}

module.exports = { settingsOf, snake };
