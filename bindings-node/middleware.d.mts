/** The same types, for ES modules. */

import all = require('./middleware.js');
export * from './middleware.js';
export default all;
