/**
 * The types of `tykmetrics/middleware`. Frameworks are described by what is used of them, so that none has to be installed.
 */

import type { EventEmitter } from 'events';
import type { IncomingMessage, ServerResponse } from 'http';
import type { Registry, RegistryContentType } from './types/registry.js';

/** What every middleware takes. `Subject` is what its framework calls a request. */
export interface MiddlewareOptions<Subject> {
  /** Where requests are counted: the default registry unless given. */
  registry?: Registry<RegistryContentType> | undefined;
  /**
   * The template of a request that is over, where the framework's own will not do; never its path, as each value is a series.
   * It is asked for when the response was sent, before the listeners of its `finish`.
   * @param subject the request
   */
  endpoint?(subject: Subject): string | undefined;
  /** What is not counted: paths, or a function that tells of Node's request. `/metrics` and `/metrics/` unless given. */
  ignore?: string | string[] | ((req: IncomingMessage) => boolean) | undefined;
  /** Where GET is answered with the metrics: nowhere unless given. */
  path?: string | undefined;
  /** The endpoint of what no route takes: `unmatched` unless given. */
  unmatched?: string | undefined;
}

/** What is used of a request of Fastify's. */
export interface FastifyRequestLike {
  /** Node's request. */
  raw: IncomingMessage;
}

/** What is used of a context of Koa's. */
export interface KoaContextLike {
  /** Node's request. */
  req: IncomingMessage;
  /** Node's response. */
  res: ServerResponse;
}

/**
 * For Express 4 and 5: `app.use(expressMiddleware())`, before all others.
 * @param options all may be left out
 */
export function expressMiddleware(
  options?: MiddlewareOptions<IncomingMessage>,
): (req: IncomingMessage, res: ServerResponse, next: (error?: any) => void) => void;

/**
 * For Fastify 4 and 5: `app.register(fastifyPlugin, options)`.
 * @param fastify the instance
 * @param options all may be left out
 * @param done called when the plugin is ready
 */
export function fastifyPlugin(
  fastify: any,
  options: MiddlewareOptions<FastifyRequestLike>,
  done: (error?: Error) => void,
): void;

/**
 * For Koa 2 and 3: `app.use(koaMiddleware())`, before all others.
 * @param options all may be left out
 */
export function koaMiddleware(
  options?: MiddlewareOptions<KoaContextLike>,
): (ctx: KoaContextLike, next: () => Promise<unknown>) => Promise<unknown>;

/**
 * For `node:http`, `node:https` and `node:http2`: counts the requests to a server, or to a listener for `createServer`.
 * @param handlerOrServer a listener, which is wrapped, or a server, which is changed
 * @param options all may be left out
 */
export function instrumentHttp<T extends EventEmitter | ((...args: any[]) => unknown)>(
  handlerOrServer: T,
  options?: MiddlewareOptions<IncomingMessage>,
): T;
