'use strict';

/**
 * Numbers that are not finite, over a channel that speaks JSON, in which they become null.
 *
 * What lives here: `packed` and `unpacked`, the two ends of a cluster's channel, called by `aggregator-registry.js`.
 * Promised: what comes out is what went in, and metrics without such numbers go as they are. A field beside the value
 * carries the number's text, which a receiver that does not know of it passes over. Absent: which number a null was
 * whose sender did not say; it is not a number.
 */

/** @param {object[][]} registries what each registry's `getMetricsAsJSON()` gave */
function packed(registries) {
  return eachSample(registries, (sample) =>
    typeof sample.value === 'number' && !Number.isFinite(sample.value)
      ? { ...sample, notFinite: String(sample.value) }
      : sample,
  );
}

/** @param {object[][]} registries what came out of the channel */
function unpacked(registries) {
  return eachSample(registries, ({ notFinite, ...sample }) => {
    if (notFinite !== undefined) return { ...sample, value: Number(notFinite) };
    return sample.value === null ? { ...sample, value: NaN } : sample;
  });
}

function eachSample(registries, change) {
  return registries.map((metrics) =>
    metrics.map((metric) => ({ ...metric, values: (metric.values ?? []).map(change) })),
  );
}

module.exports = { packed, unpacked };
