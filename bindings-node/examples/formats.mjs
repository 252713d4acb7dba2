/** A scrape in the format and the encoding that a client asks for. */

import { createServer } from 'node:http';
import { negotiate, negotiateEncoding, render } from 'tykmetrics';

const server = createServer(async (req, res) => {
  const { format, contentType } = negotiate(req.headers.accept);
  const encoding = negotiateEncoding(req.headers['accept-encoding']);
  res.setHeader('Content-Type', contentType);
  if (encoding !== 'identity') res.setHeader('Content-Encoding', encoding);
  res.end(await render(format, { encoding }));
});

server.listen(9464, '127.0.0.1');
