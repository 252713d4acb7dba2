'use strict';

/**
 * The addon: found for this platform, loaded, and its errors made errors of the realm that calls.
 *
 * Called by whatever in `lib/` touches the engine; nobody else knows the addon. Promised: loading fails with
 * a sentence that names the platform and what there is. Absent: everything that a metric means.
 */

const fs = require('fs');
const path = require('path');
const { platforms } = require('./platform');

const PREBUILDS = path.join(__dirname, '..', 'prebuilds');

function built() {
  try {
    return fs.readdirSync(PREBUILDS).join(', ') || 'nothing';
  } catch {
    return 'nothing';
  }
}

function load() {
  const failures = [];
  for (const folder of platforms()) {
    const file = path.join(PREBUILDS, folder, 'tykmetrics.node');
    if (!fs.existsSync(file)) {
      failures.push(`${folder}: not in this package`);
      continue;
    }
    try {
      return require(file);
    } catch (error) {
      failures.push(`${folder}: ${error.message}`);
    }
  }
  const error = new Error(
    `tykmetrics has no addon for this platform. It looked for ${failures.join('; ')}. This package has ${built()}. ` +
      'Install a release that has your platform, or build the addon from source with `make addon`.',
  );
  error.code = 'ERR_TYKMETRICS_NO_ADDON';
  throw error;
}

const addon = load();

function renew(error) {
  throw new Error(error.message, { cause: error });
}

/** The addon's functions. What they throw is thrown anew, so that it is an Error where the caller is. */
const native = {};
for (const [name, call] of Object.entries(addon)) {
  native[name] = (...args) => {
    try {
      const result = call(...args);
      return typeof result?.then === 'function' ? result.then(undefined, renew) : result;
    } catch (error) {
      return renew(error);
    }
  };
}

module.exports = native;
