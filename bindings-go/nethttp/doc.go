// Package nethttp measures net/http servers and clients.
//
// [Middleware] wraps a handler, best the whole ServeMux:
//
//	mux := http.NewServeMux()
//	mux.HandleFunc("GET /users/{id}", user)
//	http.ListenAndServe(addr, nethttp.Middleware()(mux))
//
// The ServeMux writes the pattern into the request that it gets. A middleware in
// between that gives it a copy (r.WithContext, r.Clone: most of those that add to
// the context) hides it, and every route is [Unmatched]. Put such a middleware
// outside of this one, or [Routed] around the mux:
//
//	nethttp.Middleware()(authenticated(nethttp.Routed(mux)))
//
// It keeps, with the labels in braces:
//
//	http_requests_total{method,route,status}            counter
//	http_request_duration_seconds{method,route}         histogram
//	http_request_size_bytes{method,route}               histogram of bodies
//	http_response_size_bytes{method,route}              histogram of bodies
//	http_requests_aborted_total{method,route}           counter: the client left
//	http_requests_in_flight                             gauge
//
// No label has more values than the program has routes, methods and statuses:
// the route is the pattern that the ServeMux matched (never the path), a request
// that matched none has the route [Unmatched], and a method that is not in the
// list has [Other].
//
// A request costs two looks at the clock, a few plain adds and one small
// allocation, of what notes the answer. The handler's writer has the optional
// interfaces (Flusher, Hijacker, Pusher, ReaderFrom) that the server's has, and
// http.ResponseController works. A panic is counted and goes on as it was.
//
// [Transport] does the same for clients.
package nethttp

// What stands in for values that a client chooses.
const (
	// Unmatched is the route of a request that no pattern matched.
	Unmatched = "unmatched"
	// Other is the method or status of a request that has an unknown one
	// (OpenTelemetry's name for it).
	Other = "_OTHER"
	// Hijacked is the status of a connection that the handler took over without
	// saying a status, and without having been asked to upgrade.
	Hijacked = "hijacked"
)

// StatusClientClosed is the status of a request whose client left before anything
// was answered, as in nginx.
const StatusClientClosed = 499
