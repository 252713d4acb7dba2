'use strict';

/**
 * The way from label values to what a series is recorded by: a node for each label, that leads from a value to the next node, and
 * at last to the series.
 *
 * Most labels have a handful of values, and comparing a value with each of them is faster than a Map finds it, and smaller: a node
 * is a `One` while it leads to one thing, a `Few` while it leads to six, and a Map beyond that. Called by `metric.js`. Promised: a
 * walk allocates nothing. Absent: what is at the end.
 */

/** A node that leads to one thing. */
class One {
  constructor(key, next) {
    this.key = key;
    this.next = next;
  }
}

/**
 * A node that leads to a few things. A place that is not taken repeats the first key, which is found before it: keys are then only
 * ever compared with keys, which is what code is compiled for.
 */
class Few {
  constructor(key, next) {
    this.size = 1;
    this.k0 = this.k1 = this.k2 = this.k3 = this.k4 = this.k5 = key;
    this.n0 = next;
    this.n1 = this.n2 = this.n3 = this.n4 = this.n5 = undefined;
  }

  /** The fields of a key; `undefined` if it leads nowhere. */
  find(key) {
    return PLACES.slice(0, this.size).find(([k]) => this[k] === key);
  }

  get(key) {
    const place = this.find(key);
    return place === undefined ? undefined : this[place[1]];
  }

  set(key, next) {
    let place = this.find(key);
    if (place === undefined) {
      place = PLACES[this.size++];
      this[place[0]] = key;
    }
    this[place[1]] = next;
  }

  /** The last one takes the place of what is deleted. */
  delete(key) {
    const [k, n] = this.find(key);
    this.size -= 1;
    const [lastKey, lastNext] = PLACES[this.size];
    [this[k], this[n]] = [this[lastKey], this[lastNext]];
    this[lastNext] = undefined;
    for (const [free] of PLACES.slice(this.size)) this[free] = this.k0;
  }

  /** Everything there is, in a Map. */
  spread() {
    return new Map(PLACES.slice(0, this.size).map(([k, n]) => [this[k], this[n]]));
  }
}

/** The fields of a `Few`, in pairs. */
const PLACES = Array.from({ length: 6 }, (_, at) => [`k${at}`, `n${at}`]);

// What a node is, without a word in each.
One.prototype.isOne = true;
Few.prototype.isFew = true;

/** How many values a walk by place takes; metrics of more labels are looked up step by step. */
const SPOKEN = 5;

/** A value as a key: what is compared by identity is known by its text, of which there may be many copies. */
function keyOf(value) {
  return typeof value === 'object' || typeof value === 'function' ? `${value}` : value;
}

/** Takes one text at a time. Without a prototype it is a table; any other object would have V8 make a hidden class for each text. */
const shelf = Object.create(null);

/** Texts that V8 would take for places of an array. Those of numbers it shares by itself. */
const PLACE = /^\d{1,10}$/;

/** The same value; of a text the copy that the runtime shares, so that nodes do not keep one each. */
function interned(value) {
  if (typeof value !== 'string' || PLACE.test(value)) return value;
  shelf[value] = 0;
  const [shared] = Object.keys(shelf);
  delete shelf[value];
  return shared;
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
  const known = step(root, values[at]);
  const key = known === undefined ? interned(values[at]) : values[at];
  const isLast = at === values.length - 1;
  const next = isLast ? end : extended(known, values, end, at + 1);
  if (root === undefined) return new One(key, next);
  const node = withRoom(root, key);
  if (node.isOne === true) node.next = next;
  else node.set(key, next);
  return node;
}

/** A node that leads where this one does, and can lead from the key as well. */
function withRoom(node, key) {
  if (node.isOne === true && node.key !== key) return new Few(node.key, node.next);
  return node.isFew === true && node.size === PLACES.length && node.find(key) === undefined
    ? node.spread()
    : node;
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
  const compared = PLACES.map(([k, n]) => `if (node.${k} === value) node = node.${n};`).join(' else ');
  return labelNames
    .map(
      (name, at) => `
      value = ${read(name, at)};
      if (value === undefined) return undefined;
      if (node.isFew === true) {
        ${compared} else return undefined;
      } else if (node.isOne === true) {
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
 * Two functions that walk from a root: `ofLabels(root, labels)` by an object, and `ofPlaces(root, count, ...values)` by as many values
 * as are counted. Both give `undefined` for what is not known, for another number of labels, and where one is missing.
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
      ofPlaces:
        count > SPOKEN
          ? unknown
          : new Function(
              'root',
              'count',
              ...SPOKEN_NAMES,
              body(`if (count !== ${count}) return undefined;`, (_, at) => SPOKEN_NAMES[at]),
            ),
    };
  } catch {
    return loops(labelNames);
  }
}

const SPOKEN_NAMES = Array.from({ length: SPOKEN }, (_, at) => `v${at}`);

function unknown() {
  return undefined;
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
    ofPlaces(root, count, ...values) {
      const given = values.slice(0, count);
      return count === labelNames.length && count <= SPOKEN && !given.includes(undefined)
        ? walk(root, given)
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
