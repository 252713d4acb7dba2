'use strict';

/**
 * What there is once per registry.
 *
 * `families.js` and `faults.js` ask here. Promised: two middlewares of one registry share their families, and a registry
 * that was cleared gets new ones from the next middleware.
 */

const made = new WeakMap();

/**
 * Return what was made for a registry under this name, making it when first asked for.
 *
 * @param {object} registry
 * @param {string} name of the metric that tells whether the registry still has it
 * @param {() => object} make
 * @param {(made: object) => object} metric which of what was made has that name
 */
function once(registry, name, make, metric) {
  let things = made.get(registry);
  if (things === undefined) made.set(registry, (things = new Map()));
  let thing = things.get(name);
  if (thing === undefined || registry.getSingleMetric(name) !== metric(thing)) {
    thing = make();
    things.set(name, thing);
  }
  return thing;
}

module.exports = once;
