/** Worker threads record in the registry of their process, and one of them is scraped. */

import { once } from 'node:events';
import { Worker, isMainThread } from 'node:worker_threads';
import { Counter, register } from 'tykmetrics';

const jobs = new Counter({ name: 'app_jobs_total', help: 'Jobs done' });
jobs.inc();

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  await once(worker, 'exit');
  console.log(await register.metrics()); // app_jobs_total 2
}
