/** The same types, for ES modules. */

import all = require('./prom-client.js');
export * from './prom-client.js';
export default all;
