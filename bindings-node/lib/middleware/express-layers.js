'use strict';

/**
 * What Express's layers tell of the paths that they were made with.
 *
 * `express-templates.js` asks. Express 5 keeps the path since router 2.3; Express 4 keeps a regular expression, whose
 * source has it; between them there is only a function that matches, so values are put back to the names of parameters,
 * and the rest is lower case, as a client may spell it as it likes.
 */

/** Express 4's translation of the end of a mount's path. */
const MOUNT_END = /\\?\/?\??\(\?=\\\/\|\$\)$/;

/** Its translation of a parameter. */
const PARAMETER = /\(\?:(\\\.)?(\\\/)?\((?:\[\^[^\]]*\]\+\?|\(\?:\(\?![^)]*\)\.\)\+\?)\)\)\??/g;

/** What stands for a mount's path that nothing tells. */
const UNKNOWN = '/*';

/** Return the template of a path as it was given to Express: a text, a regular expression, or a list of them. */
function pathText(path) {
  return Array.isArray(path) ? path.flat(Infinity).map(String).join(',') : String(path);
}

/** Return the template of where something is mounted: nothing at the root, and no slash at the end. */
function mountOf(path) {
  return pathText(path).replace(/\/+$/, '');
}

/** Return the template of a route inside its router. */
function routePath(route) {
  return pathText(route.path ?? '');
}

/** Match a path by a layer as it would be for a request. */
function match(layer, path) {
  try {
    const found = layer.match(path);
    // Before router 2.3 the layer itself has what was matched.
    if (found === true) return { path: layer.path ?? '', params: layer.params ?? {} };
    return found || undefined;
  } catch {
    return undefined;
  }
}

/** Return the template of a mount, given what it matched of the path, if it matched. */
function pieceOf(layer, found) {
  if (layer.slash === true || layer.regexp?.fast_slash === true) return '';
  if (layer.rawPath !== undefined) return mountOf(layer.rawPath);
  if (layer.regexp !== undefined) return textOfRegexp(layer.regexp, layer.keys ?? []);
  if (found === undefined || isUnknown(layer)) return UNKNOWN;
  return withoutValues(found.path.toLowerCase(), found.params);
}

/** Tell whether all that could be told of a mount is what a client sent: it is a regular expression, or a list. */
function isUnknown(layer) {
  const matchers = layer.matchers ?? [];
  return matchers.length !== 1 || matchers[0].name === 'regexpMatcher';
}

/** Return the path that Express 4 made a regular expression of, or the expression if it is one that was given. */
function textOfRegexp(regexp, keys) {
  const { source } = regexp;
  if (!source.startsWith('^') || !MOUNT_END.test(source)) return String(regexp);
  let at = 0;
  const text = source
    .slice(1)
    .replace(MOUNT_END, '')
    .replace(PARAMETER, (whole, dot, slash) => {
      const name = keys[at++]?.name;
      return `${dot ? '.' : ''}${slash ? '/' : ''}:${name}${whole.endsWith('?') ? '?' : ''}`;
    })
    .replace(/\\([/.])/g, '$1');
  // Lists, wildcards and constraints are told as they are: rare, and one text each.
  return /^[\w\-./:?~%@!$&,;=]*$/.test(text) ? text : String(regexp);
}

function withoutValues(path, params) {
  const names = new Map();
  for (const [name, value] of Object.entries(params)) {
    for (const part of [].concat(value))
      if (typeof part === 'string') names.set(part.toLowerCase(), `:${name}`);
  }
  const named = (part) => names.get(decoded(part).toLowerCase()) ?? part;
  return path.split('/').map(named).join('/').replace(/\/+$/, '');
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The layers that lead to a route, or to whatever is mounted. */
class Way {
  constructor(prefix, layers) {
    this.prefix = prefix;
    this.segments = prefix.split('/').length - 1;
    this.layers = layers;
  }

  /** Return the template of the way, by a path that may have gone it. */
  template(path) {
    let text = this.prefix;
    this.follow(path, (layer, found) => {
      text += pieceOf(layer, found);
    });
    return text;
  }

  /** Tell whether a path may have gone this way. */
  leads(path) {
    return this.length(path) !== undefined;
  }

  /** Return how much of a path the way takes, or undefined if it is not the path's. */
  length(path) {
    let isWhole = true;
    const taken = this.follow(path, (layer, found) => {
      isWhole &&= found !== undefined;
    });
    return isWhole ? taken : undefined;
  }

  follow(path, visit) {
    let taken = lengthOf(path, this.segments);
    for (const layer of this.layers) {
      const found = match(layer, path.slice(taken) || '/');
      visit(layer, found);
      if (found !== undefined) taken += found.path.replace(/\/+$/, '').length;
    }
    return taken;
  }
}

/** Return the length of so many segments of a path. */
function lengthOf(path, segments) {
  let end = 0;
  for (let passed = 0; passed < segments; passed++) {
    const next = path.indexOf('/', end + 1);
    if (next === -1) return path.length;
    end = next;
  }
  return end;
}

/** @returns {Way} */
function wayOf(prefix, layers) {
  return new Way(prefix, layers);
}

module.exports = { mountOf, routePath, wayOf };
