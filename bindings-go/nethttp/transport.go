package nethttp

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// NewTransport measures what goes out through next, or through
// http.DefaultTransport if next is nil:
//
//	http_client_requests_total{method,route,status}     counter
//	http_client_request_duration_seconds{method,route}  histogram, until the header came
//	http_client_request_size_bytes{method,route}        histogram of bodies with a declared length
//	http_client_response_size_bytes{method,route}       histogram of bodies with a declared length
//	http_client_requests_aborted_total{method,route}    counter: the caller's context was cancelled
//	http_client_requests_in_flight                      gauge, until the header came
//
// The route is what [WithRoute] says, such as the name of the upstream, and
// [Unmatched] otherwise; the host is not taken since a client may ask for any.
// A request without a response has the status "error", "timeout" or "canceled".
func NewTransport(next http.RoundTripper, with ...Option) (http.RoundTripper, error) {
	if next == nil {
		next = http.DefaultTransport
	}
	o := gather("http_client", with)
	t := &transport{next: next, route: o.route}
	var err error
	if t.families, err = newFamilies(&o, "outgoing HTTP requests"); err != nil {
		return nil, err
	}
	if t.inFlight, err = newInFlight(&o, "Outgoing HTTP requests that wait for their response."); err != nil {
		return nil, err
	}
	return t, nil
}

// Transport is [NewTransport], but panics where that fails.
func Transport(next http.RoundTripper, with ...Option) http.RoundTripper {
	t, err := NewTransport(next, with...)
	if err != nil {
		panic(err)
	}
	return t
}

type transport struct {
	next     http.RoundTripper
	families *families
	inFlight tykmetrics.UpDown
	route    func(*http.Request) string
}

// RoundTrip sends one request.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.inFlight != nil {
		t.inFlight.Inc()
		defer t.inFlight.Dec()
	}
	start := now()
	answer, err := t.next.RoundTrip(r)
	o := outcome{
		ctx:          r.Context(),
		method:       t.families.methods.number(r.Method),
		seconds:      (now() - start).Seconds(),
		requestSize:  r.ContentLength,
		responseSize: -1,
	}
	if r.Body != nil && r.Body != http.NoBody && r.ContentLength == 0 {
		// In a client's request, 0 with a body means unknown.
		o.requestSize = -1
	}
	if err == nil {
		o.status, o.responseSize = answer.StatusCode, answer.ContentLength
	} else {
		o.status = failure(err)
		o.aborted = o.status == cancelled
	}
	route := ""
	if t.route != nil {
		route = t.route(r)
	}
	if route == "" {
		route = Unmatched
	}
	t.families.record(route, &o)
	return answer, err
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the transport.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func failure(err error) int {
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return cancelled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return timedOut
	}
	return failed
}
