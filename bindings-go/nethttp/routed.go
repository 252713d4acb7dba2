package nethttp

import "net/http"

// Routed says the pattern that mux finds to the [Middleware] around it, also if there
// are others in between that give mux a copy of the request. A writer in between
// has to have Unwrap, as for http.ResponseController. mux is whatever sets
// http.Request.Pattern.
func Routed(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Also if the handler panics.
		defer func() {
			if route := withoutMethod(r.Pattern); route != "" {
				SetRoute(w, route)
			}
		}()
		mux.ServeHTTP(w, r)
	})
}
