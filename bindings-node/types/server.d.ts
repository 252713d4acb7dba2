/** The metrics server: a registry served over HTTP by threads of the engine's. */

import type { Registry, RegistryContentType } from './registry.js';

/** A duration: a number of seconds, or text such as `500ms`, `30s`, `1m30s`. */
export type ServerDuration = number | string;

/** A size: a number of bytes, or text such as `16KiB`. */
export type ServerSize = number | string;

/** Certificates. The files are looked at again while the server runs. */
export interface ServerTls {
  /** The file of the certificate chain, PEM; plain HTTP without one. */
  cert?: string | URL | undefined;
  /** The file of its private key, PEM. */
  key?: string | URL | undefined;
  /** The file of the authorities whose clients are let in, PEM: mutual TLS. */
  clientCa?: string | URL | undefined;
  /** Refuse to start without TLS. */
  required?: boolean | undefined;
  /** How often the files are looked at: every 10 seconds unless given. */
  reload?: ServerDuration | undefined;
}

/** A name and a password. */
export interface ServerBasicAuth {
  /** The name. */
  name: string;
  /** The password. */
  password?: string | undefined;
  /** A file that the password is the content of. */
  passwordFile?: string | URL | undefined;
}

/** Who may ask. Either is enough where both are given. */
export interface ServerAuth {
  /** A name and a password. */
  basic?: ServerBasicAuth | undefined;
  /** A token. */
  bearer?: string | undefined;
  /** A file that the token is the content of. */
  bearerFile?: string | URL | undefined;
}

/** What is served beside the metrics and `/health`. */
export interface ServerRoutes {
  /** The metrics as JSON, at `/metrics/json`: on unless false. */
  json?: boolean | undefined;
  /** Key figures, at `/metrics/health`: on unless false. */
  health?: boolean | undefined;
  /** Setting the metrics back, by POST to `/metrics/reset`, for who is authenticated: off unless true. */
  reset?: boolean | undefined;
  /** The page for people, at `/`: on unless false. */
  page?: boolean | undefined;
}

/** How much is allowed. */
export interface ServerLimits {
  /** Scrapes at the same time: 10 unless given. */
  concurrentScrapes?: number | undefined;
  /** How long a scrape may take: 30 seconds unless given. */
  scrapeTimeout?: ServerDuration | undefined;
  /** The request line and headers of a request: 16 KiB unless given. */
  headerBytes?: ServerSize | undefined;
  /** The body of a request: 64 KiB unless given. */
  bodyBytes?: ServerSize | undefined;
  /** How long a client may take for its request: 10 seconds unless given. */
  headerTimeout?: ServerDuration | undefined;
  /** How long a connection may rest between requests: a minute unless given. */
  idleTimeout?: ServerDuration | undefined;
  /** Connections at the same time: 1024 unless given. */
  connections?: number | undefined;
  /** Requests a second of one address: any number unless given. */
  requestsPerSecond?: number | undefined;
}

/** Secrets in label values, which are replaced. */
export interface ServerHygiene {
  /** Replace keys, tokens, passwords and e-mail addresses. */
  enabled?: boolean | undefined;
  /** More regular expressions, of the crate `regex`, whose matches are replaced. */
  patterns?: string[] | undefined;
  /** Kinds that are left as they are. */
  keep?: ('authorization' | 'aws' | 'email' | 'jwt' | 'key' | 'password' | 'query' | 'secret')[] | undefined;
}

/** What a server is told. What is left out the environment may say (`TYKMETRICS_…`), and else has its default. */
export interface ServerOptions {
  /** What is served: the default registry unless given. */
  registry?: Registry<RegistryContentType> | undefined;
  /** The port: 9090 unless given; 0 for any that is free. */
  port?: number | string | undefined;
  /** The name or the address of the interface: `127.0.0.1` unless given. */
  host?: string | undefined;
  /** Both in one, or a socket in the file system: `unix:/run/metrics.sock`. */
  listen?: string | undefined;
  /** The path of the metrics: `/metrics` unless given. Other routes lie below it. */
  path?: string | undefined;
  /** Whether to serve at all: `startHttpServer` rejects if not. */
  enabled?: boolean | undefined;
  /** What is served beside the metrics. */
  routes?: ServerRoutes | undefined;
  /** Certificates. */
  tls?: ServerTls | undefined;
  /** Who may ask. */
  auth?: ServerAuth | undefined;
  /** How much is allowed. */
  limits?: ServerLimits | undefined;
  /** How long a scrape that runs may go on once the server is closed: 5 seconds unless given. */
  shutdownGrace?: ServerDuration | undefined;
  /** Secrets in label values. */
  hygiene?: ServerHygiene | undefined;
  /** Labels that every series is served with. */
  labels?: Record<string, string> | undefined;
}

/** A server that runs, and keeps the program running. */
export interface MetricsServer {
  /** The port. Undefined for a socket in the file system. */
  readonly port: number | undefined;
  /** Where programs and people find it, without a path: `http://127.0.0.1:9090`. */
  readonly url: string;
  /** Where it listens: `127.0.0.1:9090`. */
  readonly address: string;
  /** Ends the server: scrapes that run may finish. Kept when its port is free and its threads have ended; any number of times. */
  close(): Promise<void>;
  /** Keeps the program running, as it does from the beginning. */
  ref(): this;
  /** Lets the program end while the server runs. */
  unref(): this;
  /** As `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What `startHttpServer` rejects with. */
export interface ServerError extends Error {
  /** `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, or one that begins with `ERR_TYKMETRICS_`. */
  code: string;
}

/**
 * Serves a registry over HTTP, from threads of the engine's: a busy event loop does not hold up what the engine records.
 * @param options where, what and for whom
 * @returns the server, once it listens; rejects with a `ServerError`, and nothing is left behind then
 */
export function startHttpServer(options?: ServerOptions): Promise<MetricsServer>;
