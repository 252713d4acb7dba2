'use strict';

/** Two metrics, and a server that shows them, in CommonJS. */

const { createServer } = require('node:http');
const { Counter, Histogram, register } = require('tykmetrics');

const requests = new Counter({
  name: 'app_requests_total',
  help: 'Requests answered',
  labelNames: ['method', 'status'],
});
const latency = new Histogram({ name: 'app_request_duration_seconds', help: 'Time to answer' });

const ok = requests.labels('GET', 200);

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
