'use strict';

/**
 * A pair of gauges that say how many things of each type there are, and how many in all.
 *
 * What lives here: `countByType`, called by handles, requests and resources. Promised: a type of which nothing is left
 * has no series. Absent: where the list comes from.
 */

const { familiesOf } = require('./family');

/**
 * @param {object} [registry]
 * @param {object} [config]
 * @param {object} about
 * @param {string} about.name
 * @param {string} about.help
 * @param {string} about.totalHelp
 * @param {() => unknown[]} about.list
 * @param {(item: unknown) => string | undefined} about.typeOf undefined leaves an item out of the first gauge
 */
function countByType(registry, config, { name, help, totalHelp, list, typeOf }) {
  const families = familiesOf(registry, config);
  const { labels } = families;
  const byType = families.gauge(name, help, {
    own: ['type'],
    collect() {
      const counts = new Map();
      for (const item of list()) {
        const type = typeOf(item);
        if (type !== undefined) counts.set(type, (counts.get(type) ?? 0) + 1);
      }
      byType.reset();
      for (const [type, count] of counts) byType.set({ type, ...labels }, count);
    },
  });
  const total = families.gauge(`${name}_total`, totalHelp, {
    collect: () => total.set(labels, list().length),
  });
}

/** The name of an object's class, if it has one. */
function className(item) {
  return item?.constructor?.name;
}

module.exports = { countByType, className };
