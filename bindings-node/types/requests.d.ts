/** A gateway's requests: by endpoint, provider and model, its cache, its database and the services it calls. */

import type { Registry, RegistryContentType } from './registry.js';

/** A request that is over. */
export interface RecordedRequest {
  /** The template of its route, never its path: each value is a series. */
  endpoint: string;
  /** Its method. */
  method: string;
  /** The status that was answered: an error from 400 on. */
  statusCode: number;
  /** How long it took, in seconds. Without it, or if it is negative, the request is counted and not timed. */
  latencySeconds?: number | undefined;
  /** Who served it: `openai`. */
  provider?: string | null | undefined;
  /** The model that served it: `gpt-4`. */
  model?: string | null | undefined;
}

/** What a call is counted as. */
export interface TrackOptions {
  /** The name of the call, or the template of the route. */
  endpoint: string;
  /** Its method: `CALL` unless given. */
  method?: string | undefined;
  /** Who serves it. */
  provider?: string | null | undefined;
  /** The model that serves it. */
  model?: string | null | undefined;
}

/** Ends a call that was given a callback: with an error, or with a result whose `statusCode` or `status` counts. */
export type TrackDone = (error?: unknown, ...results: unknown[]) => void;

/** What requests of one endpoint, method and status are counted in: to keep. */
export interface RequestOutcome {
  /**
   * Counts a request.
   * @param latencySeconds how long it took; without it, or if it is negative, the request is not timed
   */
  record(latencySeconds?: number): void;
}

/** Records what a gateway does, in the families of a registry. */
export interface RequestMetrics {
  /**
   * What requests of an endpoint, a method and a status are counted in: to keep, and to `record` with.
   * @param endpoint the template of the route
   * @param method of the request
   * @param statusCode that was answered
   * @param provider who served it
   * @param model that served it
   */
  bind(
    endpoint: string,
    method: string,
    statusCode: number,
    provider?: string | null,
    model?: string | null,
  ): RequestOutcome;

  /**
   * Counts a request that is over.
   * @param request what there is to say of it
   */
  recordRequest(request: RecordedRequest): void;

  /**
   * Calls a function, and counts the call when its promise is settled. Its result or error passes through.
   * @param options what it is counted as
   * @param fn the call
   */
  trackRequest<R>(options: TrackOptions, fn: (done: TrackDone) => Promise<R>): Promise<R>;
  /**
   * Calls a function, and counts the call when it returns or throws; if it takes an argument, when that is called as callbacks
   * are. Its result or error passes through.
   * @param options what it is counted as
   * @param fn the call
   */
  trackRequest<R>(options: TrackOptions, fn: (done: TrackDone) => R): R;

  /** Counts a lookup that the cache answered. */
  recordCacheHit(): void;

  /** Counts a lookup that the cache did not answer. */
  recordCacheMiss(): void;

  /**
   * Counts a database query.
   * @param latencySeconds how long it took; without it, or if it is negative, the query is not timed
   */
  recordDbQuery(latencySeconds?: number): void;

  /**
   * Counts a call to another service.
   * @param service its name
   * @param outcome whether the call failed: it did not unless given
   */
  recordExternalApiCall(service: string, outcome?: { error?: boolean | undefined }): void;
}

/**
 * The request metrics of a registry, made when first asked for.
 * @param registry the default one unless given
 */
export function requestMetrics(registry?: Registry<RegistryContentType>): RequestMetrics;

/**
 * Counts a request that is over, in the default registry.
 * @param request what there is to say of it
 */
export function recordRequest(request: RecordedRequest): void;

/**
 * Calls a function, and counts the call in the default registry when its promise is settled. Its result or error passes through.
 * @param options what it is counted as
 * @param fn the call
 */
export function trackRequest<R>(options: TrackOptions, fn: (done: TrackDone) => Promise<R>): Promise<R>;
/**
 * Calls a function, and counts the call in the default registry when it returns or throws; if it takes an argument, when that is
 * called as callbacks are. Its result or error passes through.
 * @param options what it is counted as
 * @param fn the call
 */
export function trackRequest<R>(options: TrackOptions, fn: (done: TrackDone) => R): R;
