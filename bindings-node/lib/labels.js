'use strict';

/**
 * Names and labels: what is allowed, and what is said if it is not.
 *
 * Called by the metric classes when a metric or a series is made, never for a series that is known. The conditions and the
 * wording are prom-client's.
 */

const util = require('util');

const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function validateMetricName(name) {
  return METRIC.test(name);
}

function validateLabelNames(names = []) {
  return names.every((name) => LABEL.test(name));
}

/** Refuses labels that the metric does not have. */
function refuseUnknown(labelNames, labels) {
  for (const label in labels) {
    if (!labelNames.includes(label)) {
      throw new Error(
        `Added label "${label}" is not included in initial labelset: ${util.inspect(labelNames)}`,
      );
    }
  }
}

/** Refuses a number of label values that is not the number of names. */
function refuseCount(labelNames, values) {
  if (values.length !== labelNames.length) {
    throw new Error(
      `Invalid number of arguments (${values.length}): "${values.join(', ')}" for label names ` +
        `(${labelNames.length}): "${labelNames.join(', ')}".`,
    );
  }
}

/** A label value as the engine has it. One that is missing is an empty one, which is the same series to Prometheus. */
function textOf(value) {
  return value === undefined ? '' : `${value}`;
}

/** The values of labels by the names of a metric; `undefined` for those that are missing. */
function valuesOf(labelNames, labels) {
  const values = [];
  for (const name of labelNames) values.push(labels?.[name]);
  return values;
}

/**
 * A function that walks from the root of a metric's nested maps to the number that the labels of an object lead to. It gives
 * `undefined` for labels that are not known yet, and for objects that have another number of labels.
 *
 * It is made from source text where the runtime allows that: property names that are written out are several times as fast to
 * read as those in variables. Label names are plain identifiers, so they are safe to write out.
 */
function finder(labelNames) {
  const steps = labelNames
    .map((name) => `node = node.get(labels.${name}); if (node === undefined) return undefined;`)
    .join('\n');
  const source = `
    let count = 0;
    for (const label in labels) count += 1;
    if (count !== ${labelNames.length}) return undefined;
    let node = root;
    ${steps}
    return node;`;
  try {
    return new Function('root', 'labels', source);
  } catch {
    return walker(labelNames);
  }
}

/** As `finder`, for runtimes that make no functions from text (`--disallow-code-generation-from-strings`). */
function walker(labelNames) {
  return (root, labels) => {
    let count = 0;
    for (const _ in labels) count += 1;
    if (count !== labelNames.length) return undefined;
    let node = root;
    for (const name of labelNames) {
      node = node.get(labels[name]);
      if (node === undefined) return undefined;
    }
    return node;
  };
}

const finders = new Map();

/** The finder of these label names; metrics with the same ones share it. */
function finderOf(labelNames) {
  const key = labelNames.join(',');
  let find = finders.get(key);
  if (find === undefined) {
    find = finder(labelNames);
    finders.set(key, find);
  }
  return find;
}

module.exports = {
  finderOf,
  refuseCount,
  refuseUnknown,
  textOf,
  validateLabelNames,
  validateMetricName,
  valuesOf,
  walker,
};
