/** Metrics on a port of their own, whatever the event loop does. */

import { Counter, startHttpServer } from 'tykmetrics';

const jobs = new Counter({ name: 'app_jobs_total', help: 'Jobs done' });
jobs.inc();

const server = await startHttpServer({ port: process.env.PORT ?? 9464 });
console.log(`metrics are at ${server.url}/metrics`);

const answer = await fetch(`${server.url}/metrics`);
console.log(await answer.text()); // app_jobs_total 1

await server.close(); // a scrape that runs may finish
console.log('and ended');
