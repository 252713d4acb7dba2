/** Requests of a gateway, counted by hand. */

import { recordRequest, register, requestMetrics, trackRequest } from 'tykmetrics';

// When a request is over: its rate, its errors (a status of 400 or more) and its latency.
recordRequest({
  endpoint: '/api/chat',
  method: 'POST',
  statusCode: 200,
  latencySeconds: 0.25,
  provider: 'openai',
  model: 'gpt-4',
});

// Or around a call: a function, a promise or a callback. Its result and its errors pass through.
const answer = await trackRequest({ endpoint: 'openai.complete', provider: 'openai' }, async () => 'hello');

requestMetrics().recordCacheHit();
requestMetrics().recordDbQuery(0.003);
requestMetrics().recordExternalApiCall('mail', { error: true });

console.log(answer, await register.metrics());
