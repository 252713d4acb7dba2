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
  // Of the object itself: every object has a `constructor`, which may be a label.
  for (const name of labelNames)
    values.push(labels && Object.hasOwn(labels, name) ? labels[name] : undefined);
  return values;
}

module.exports = {
  refuseCount,
  refuseUnknown,
  textOf,
  validateLabelNames,
  validateMetricName,
  valuesOf,
};
