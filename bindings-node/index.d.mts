/** The same types, for ES modules. */

import all = require('./index.js');
export * from './index.js';
export default all;
