/** The middlewares for ES modules: those of `middleware.js`, and all of them together as the default. */

import all from './middleware.js';

export const { expressMiddleware, fastifyPlugin, instrumentHttp, koaMiddleware } = all;
export default all;
