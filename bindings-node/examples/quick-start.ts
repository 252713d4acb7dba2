/** Two metrics, and a server that shows them, in TypeScript. */

import { createServer } from 'node:http';
import { Counter, Histogram, register } from 'tykmetrics';

const requests = new Counter({
  name: 'app_requests_total',
  help: 'Requests answered',
  labelNames: ['method', 'status'],
});
const latency = new Histogram({ name: 'app_request_duration_seconds', help: 'Time to answer' });

// A label that is misspelt does not compile.
const ok: Counter.Internal = requests.labels({ method: 'GET', status: 200 });

const server = createServer(async (req, res) => {
  if (req.url === '/metrics') {
    res.setHeader('Content-Type', register.contentType);
    res.end(await register.metrics());
    return;
  }
  const end = latency.startTimer();
  res.end('hello\n');
  ok.inc();
  end();
});

server.listen(9464, '127.0.0.1');
