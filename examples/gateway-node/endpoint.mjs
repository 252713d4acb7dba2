/** Where the gateway's metrics are served. */

import { createServer } from 'node:http';

import { negotiate, render } from '../../bindings-node/index.mjs';

export async function serveMetrics(port) {
  const server = createServer(async (req, res) => {
    const { format, contentType } = negotiate(req.headers.accept);
    res.setHeader('Content-Type', contentType);
    res.end(await render(format));
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}
