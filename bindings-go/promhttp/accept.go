package promhttp

import (
	"net/http"
	"strings"
)

// withoutOpenMetrics hides from next that a request takes OpenMetrics, as client_golang's handlers do unless they are
// told otherwise: the names of counters without _total would change with the format. A range such as */* is left: what
// it stands for is the plain text.
func withoutOpenMetrics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var kept []string
		for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
			name, _, _ := strings.Cut(part, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "application/openmetrics-text") {
				kept = append(kept, part)
			}
		}
		// The header is the request's, which belongs to the server.
		r = r.Clone(r.Context())
		r.Header.Set("Accept", strings.Join(kept, ","))
		next.ServeHTTP(w, r)
	})
}
