/** Two metrics, and a server that shows them. The README shows this one. */

import { createServer } from 'node:http';
import { Counter, Histogram, register } from 'tykmetrics';

const requests = new Counter({
  name: 'app_requests_total',
  help: 'Requests answered',
  labelNames: ['method', 'status'],
});
const latency = new Histogram({ name: 'app_request_duration_seconds', help: 'Time to answer' });

// Where a route is set up: one series, to keep. Its `inc` adds to a cell of this thread's own.
const ok = requests.labels('GET', 200);

const server = createServer(async (req, res) => {
  if (req.url === '/metrics') {
    res.setHeader('Content-Type', register.contentType);
    res.end(await register.metrics()); // printed on a thread of the engine's
    return;
  }
  const end = latency.startTimer();
  res.end('hello\n');
  ok.inc();
  end();
});

server.listen(9464, '127.0.0.1');
