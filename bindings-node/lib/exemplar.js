'use strict';

/** An exemplar as OpenMetrics has it. `exemplars.js` keeps those of a metric, for whoever renders. */

/** OpenMetrics 1.0, "Exemplars": characters of names and values together. */
const LONGEST = 128;

function lengthOf(labels) {
  let length = 0;
  for (const [name, value] of Object.entries(labels)) length += `${name}${value}`.length;
  return length;
}

class Exemplar {
  constructor(labelSet = {}, value = null) {
    this.labelSet = labelSet;
    this.value = value;
  }

  /** Refuses labels that are too long. */
  validateExemplarLabelSet(labelSet) {
    if (lengthOf(labelSet) > LONGEST)
      throw new RangeError('Label set size must be smaller than 128 UTF-8 chars');
  }

  /** Takes the place of what was kept before. */
  replace(labelSet, value) {
    this.validateExemplarLabelSet(labelSet);
    this.labelSet = labelSet;
    this.value = value;
    this.timestamp = Date.now() / 1000;
  }

  /** Has secrets replaced by `clean`; without labels, if they are too long then. */
  clean(clean) {
    const names = Object.keys(this.labelSet);
    const texts = clean(names.map((name) => `${this.labelSet[name]}`));
    const labels = Object.fromEntries(names.map((name, at) => [name, texts[at]]));
    this.labelSet = lengthOf(labels) > LONGEST ? {} : labels;
  }
}

module.exports = Exemplar;
