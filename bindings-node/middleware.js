'use strict';

/** The middlewares' entry point, apart from the package's own so that whoever uses none does not load them. */

module.exports = require('./lib/middleware');
