'use strict';

/**
 * The way from label values to what a series is recorded by: a node for each label, that leads from a value to the next node, and
 * at last to the series.
 *
 * A node is a Map, or a `One` while it leads to one thing only: many labels have one value for each value of another, and a Map is
 * large. Called by `metric.js`. Promised: a walk allocates nothing. Absent: what is at the end.
 */

/** A node that leads to one thing. */
class One {
  constructor(key, next) {
    this.isOne = true;
    this.key = key;
    this.next = next;
  }
}

/** A value as a key: what is compared by identity is known by its text, of which there may be many copies. */
function keyOf(value) {
  return typeof value === 'object' || typeof value === 'function' ? `${value}` : value;
}

/** The same value; of a text the copy that the runtime shares, so that nodes do not keep one each. */
function interned(value) {
  if (typeof value !== 'string') return value;
  for (const shared in { [value]: 0 }) return shared;
  return value;
}

function step(node, key) {
  if (node === undefined) return undefined;
  if (node.isOne === true) return node.key === key ? node.next : undefined;
  return node.get(key);
}

/** What the values lead to from a root; `undefined` if nothing is known. */
function walk(root, values) {
  let node = root;
  for (const value of values) node = step(node, value);
  return node;
}

/** A root from which the values lead to an end, and everything else where it led before. */
function extended(root, values, end, at = 0) {
  const key = interned(values[at]);
  const isLast = at === values.length - 1;
  const next = isLast ? end : extended(step(root, key), values, end, at + 1);
  if (root === undefined) return new One(key, next);
  if (root.isOne !== true) return root.set(key, next);
  if (root.key === key) {
    root.next = next;
    return root;
  }
  return new Map([
    [root.key, root.next],
    [key, next],
  ]);
}

/** A root from which the values lead nowhere, without the nodes that led to nothing else; `undefined` if nothing is left. */
function cut(root, values, at = 0) {
  const key = values[at];
  const next = step(root, key);
  if (next === undefined) return root;
  const left = at === values.length - 1 ? undefined : cut(next, values, at + 1);
  if (left !== undefined) {
    if (root.isOne === true) root.next = left;
    else root.set(key, left);
    return root;
  }
  if (root.isOne === true) return undefined;
  root.delete(key);
  return root.size === 0 ? undefined : root;
}

/** The steps of a walk as source text, where `read` is the text that reads a value by its label's place. */
function steps(labelNames, read) {
  return labelNames
    .map(
      (name, at) => `
      value = ${read(name, at)};
      if (value === undefined) return undefined;
      if (node.isOne === true) {
        if (node.key !== value) return undefined;
        node = node.next;
      } else {
        node = node.get(value);
        if (node === undefined) return undefined;
      }`,
    )
    .join('');
}

/**
 * Two functions that walk from a root: `ofLabels(root, labels)` by an object, and `ofValues(root, values)` by an array. Both give
 * `undefined` for what is not known, for another number of labels, and where one is missing.
 *
 * They are made from source text where the runtime allows that: property names that are written out are read faster than those in
 * variables. Label names are plain identifiers, so they are safe to write out.
 */
function walkers(labelNames) {
  const count = labelNames.length;
  try {
    const body = (check, read) => `
      ${check}
      if (root === undefined) return undefined;
      let node = root;
      let value;
      ${steps(labelNames, read)}
      return node;`;
    const counted = `
      let count = 0;
      for (const label in labels) count += 1;
      if (count !== ${count}) return undefined;`;
    return {
      ofLabels: new Function(
        'root',
        'labels',
        body(counted, (name) => `labels.${name}`),
      ),
      ofValues: new Function(
        'root',
        'values',
        body(`if (values.length !== ${count}) return undefined;`, (_, at) => `values[${at}]`),
      ),
    };
  } catch {
    return loops(labelNames);
  }
}

/** As `walkers`, for runtimes that make no functions from text (`--disallow-code-generation-from-strings`). */
function loops(labelNames) {
  return {
    ofLabels(root, labels) {
      let count = 0;
      for (const _ in labels) count += 1;
      if (count !== labelNames.length) return undefined;
      let node = root;
      for (const name of labelNames) {
        if (labels[name] === undefined) return undefined;
        node = step(node, labels[name]);
      }
      return node;
    },
    ofValues(root, values) {
      return values.length === labelNames.length && !values.includes(undefined)
        ? walk(root, values)
        : undefined;
    },
  };
}

const made = new Map();

/** The walkers of these label names; metrics with the same ones share them. */
function walkersOf(labelNames) {
  const key = labelNames.join(',');
  let known = made.get(key);
  if (known === undefined) {
    known = walkers(labelNames);
    made.set(key, known);
  }
  return known;
}

module.exports = { cut, extended, keyOf, loops, walk, walkersOf };
