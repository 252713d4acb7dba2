'use strict';

/**
 * File descriptors: how many are open, and how many may be.
 *
 * Called by the table in `index.js`, each function for itself. Absent where there is no proc.
 */

const fs = require('fs');
const { familiesOf } = require('./family');
const { currentProcess, readable } = require('./runtime');

function open(registry, config) {
  if (currentProcess().platform !== 'linux') return;
  const { gauge, labels } = familiesOf(registry, config);
  const count = gauge('process_open_fds', 'Number of open file descriptors.', {
    collect() {
      const names = readable(() => fs.readdirSync('/proc/self/fd'));
      // One of them listed the folder, and is closed again.
      if (names) count.set(labels, names.length - 1);
    },
  });
}

function limit(registry, config) {
  if (softLimit() === undefined) return;
  const { gauge, labels } = familiesOf(registry, config);
  const most = gauge('process_max_fds', 'Maximum number of open file descriptors.', {
    // Read again, since a limit can be changed while the process runs.
    collect() {
      const now = softLimit();
      if (now !== undefined) most.set(labels, now);
    },
  });
}

function softLimit() {
  const limits = readable(() => fs.readFileSync('/proc/self/limits', 'utf8'));
  const soft = limits && /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (!soft) return undefined;
  return soft === 'unlimited' ? Infinity : Number(soft);
}

module.exports = { open, limit };
