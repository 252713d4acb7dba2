'use strict';

/**
 * Memory of the process as the operating system sees it.
 *
 * Called by the table in `index.js`. On Linux resident, virtual and data memory, elsewhere resident memory only.
 */

const fs = require('fs');
const { familiesOf } = require('./family');
const { currentProcess, readable } = require('./runtime');

const RESIDENT = ['process_resident_memory_bytes', 'Resident memory size in bytes.'];

module.exports = function memory(registry, config) {
  const families = familiesOf(registry, config);
  if (currentProcess().platform === 'linux') ofLinux(families);
  else if (typeof currentProcess().memoryUsage === 'function') ofOthers(families);
};

function ofLinux({ gauge, labels }) {
  const resident = gauge(...RESIDENT, {
    collect() {
      // Of proc, which is memory of the kernel: reading it does not wait for a disk.
      const status = readable(() => fs.readFileSync('/proc/self/status', 'utf8'));
      if (status === undefined) return;
      for (const [, field, kibibytes] of status.matchAll(/^(VmSize|VmRSS|VmData):\s*(\d+) kB$/gm)) {
        gauges[field].set(labels, Number(kibibytes) * 1024);
      }
    },
  });
  const gauges = {
    VmRSS: resident,
    VmSize: gauge('process_virtual_memory_bytes', 'Virtual memory size in bytes.'),
    VmData: gauge('process_heap_bytes', 'Process heap size in bytes.'),
  };
}

function ofOthers({ gauge, labels }) {
  const resident = gauge(...RESIDENT, {
    collect() {
      const usage = readable(() => currentProcess().memoryUsage());
      if (usage) resident.set(labels, usage.rss);
    },
  });
}
