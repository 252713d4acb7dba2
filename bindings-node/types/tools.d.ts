/** What stands beside the metrics: bounds by rule, the process's own metrics, the Pushgateway, scrapes in every format. */

import type { IncomingMessage } from 'http';
import type { RequestOptions } from 'https';
import type { PrometheusContentType, Registry, RegistryContentType } from './registry.js';

/**
 * Bounds at equal distances.
 * @param start the first bound
 * @param width from one bound to the next
 * @param count how many bounds
 */
export function linearBuckets(start: number, width: number, count: number): number[];

/**
 * Bounds that grow by a factor.
 * @param start the first bound, above 0
 * @param factor from one bound to the next, above 1
 * @param count how many bounds
 */
export function exponentialBuckets(start: number, factor: number, count: number): number[];

/** What the metrics of a process are made from. */
export interface DefaultMetricsCollectorConfiguration<T extends RegistryContentType> {
  /** The registry: the default one unless given. */
  register?: Registry<T>;
  /** What each name begins with. */
  prefix?: string;
  /** The bounds of the garbage collector's histogram, in seconds. */
  gcDurationBuckets?: number[];
  /** Milliseconds between two samples of the event loop's delay: 10 unless given. */
  eventLoopMonitoringPrecision?: number;
  /** Labels that each series has. */
  labels?: object;
  /** Whether the counters of processor time carry the ids of the active span, of `@opentelemetry/api`. */
  enableExemplars?: boolean;
}

/** Makes the metrics of a process: processor time, memory, file descriptors, event loop, garbage collector, version. */
export const collectDefaultMetrics: {
  /** @param config which registry, which prefix, which labels */
  <T extends RegistryContentType>(config?: DefaultMetricsCollectorConfiguration<T> | null): void;
  /** The names of the parts, which are all made. */
  metricsList: string[];
};

/** Sends metrics to a Pushgateway, for jobs that end before anybody scrapes them. */
export class Pushgateway<T extends RegistryContentType = PrometheusContentType> {
  /**
   * @param url of the gateway; may have a path and credentials
   * @param options those of the request, and `requireJobName`
   * @param registry the default one unless given
   */
  constructor(url: string | URL, options?: Pushgateway.Options | null, registry?: Registry<T>);

  /** What is sent. */
  registry: Registry<T>;
  /** Where it is sent to. */
  gatewayUrl: string | URL;
  /** Whether a call without a job's name is an error. */
  requireJobName: boolean;
  /** The options of the request. */
  requestOptions: RequestOptions;

  /**
   * Replaces what the group has of the same names.
   * @param params the group
   */
  pushAdd(params: Pushgateway.Parameters): Promise<Pushgateway.Answer>;

  /**
   * Replaces all that the group has.
   * @param params the group
   */
  push(params: Pushgateway.Parameters): Promise<Pushgateway.Answer>;

  /**
   * Removes the group.
   * @param params the group
   */
  delete(params: Pushgateway.Parameters): Promise<Pushgateway.Answer>;
}

export namespace Pushgateway {
  /** Options of `http.request` or `https.request`, and one of the gateway's. */
  interface Options extends RequestOptions {
    /** Whether a call without a job's name is an error: true unless given. */
    requireJobName?: boolean;
  }

  /** A group of a Pushgateway. */
  interface Parameters {
    /** The name of the job; empty if `requireJobName` is false. */
    jobName: string;
    /** Further labels of the group. */
    groupings?: { [key: string]: string };
  }

  /** What the gateway answered. */
  interface Answer {
    /** The response, whose body was read. */
    resp: IncomingMessage;
    /** The body. */
    body: string;
  }
}

/** A format of the engine's, or what `negotiate` found. */
export type RenderFormat = 'text' | 'openmetrics' | 'protobuf' | 'json' | (string & {});

/** How an answer is packed. */
export type RenderEncoding = 'identity' | 'gzip' | 'zstd';

/** What is printed, and how it is packed. */
export interface RenderOptions {
  /** The registry: the default one unless given. */
  registry?: Registry<RegistryContentType> | undefined;
  /** How the bytes are packed: not at all unless given. */
  encoding?: RenderEncoding | undefined;
}

/**
 * What the metrics of a registry hold, as bytes. The event loop is free while the engine prints. Custom metrics are not the
 * engine's: `registry.metrics()` prints those too.
 * @param format `text` unless given
 * @param options which registry, and how it is packed
 */
export function render(format?: RenderFormat, options?: RenderOptions): Promise<Buffer>;

/**
 * As `render`, at once: a `collect` that takes time is called and not waited for.
 * @param format `text` unless given
 * @param options which registry, and how it is packed
 */
export function renderSync(format?: RenderFormat, options?: RenderOptions): Buffer;

/** What a client asked for. */
export interface Negotiation {
  /** The format, for `render`. */
  format: RenderFormat;
  /** The value of the answer's `Content-Type`. */
  contentType: string;
}

/**
 * Which format a client asks for.
 * @param accept the request's `Accept`
 */
export function negotiate(accept?: string | string[]): Negotiation;

/**
 * How a client asks the answer to be packed.
 * @param accept the request's `Accept-Encoding`
 */
export function negotiateEncoding(accept?: string | string[]): RenderEncoding;
