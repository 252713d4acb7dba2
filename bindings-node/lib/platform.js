'use strict';

/**
 * What an addon for this platform is called by: the folder under `prebuilds`. Called by `native.js`, and as a program by whoever
 * builds the addon.
 */

const fs = require('fs');
const os = require('os');

/** The folders that an addon for this platform may lie in, the likelier first. */
function platforms() {
  const platform = `${os.platform()}-${os.arch()}`;
  if (os.platform() !== 'linux') return [platform];
  const libraries = fs.existsSync('/etc/alpine-release') ? ['musl', 'glibc'] : ['glibc', 'musl'];
  return libraries.map((library) => `${platform}-${library}`);
}

module.exports = { platforms };

if (require.main === module) console.log(platforms()[0]);
