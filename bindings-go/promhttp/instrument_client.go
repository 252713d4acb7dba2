package promhttp

import (
	"crypto/tls"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// RoundTripperFunc makes a function an http.RoundTripper.
type RoundTripperFunc func(req *http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (rt RoundTripperFunc) RoundTrip(r *http.Request) (*http.Response, error) {
	return rt(r)
}

// InstrumentRoundTripperInFlight keeps in gauge how many requests next has under
// way.
func InstrumentRoundTripperInFlight(gauge InFlight, next http.RoundTripper) RoundTripperFunc {
	return func(r *http.Request) (*http.Response, error) {
		gauge.Inc()
		defer gauge.Dec()
		return next.RoundTrip(r)
	}
}

// InstrumentRoundTripperCounter counts the requests of next that were answered. It
// panics at once if counter has labels that the package's rules do not allow.
func InstrumentRoundTripperCounter(counter *tykmetrics.CounterVec, next http.RoundTripper, opts ...Option) RoundTripperFunc {
	p := ofCounter(counter, opts)
	return func(r *http.Request) (*http.Response, error) {
		answer, err := next.RoundTrip(r)
		if err == nil {
			count(p, r, answer.StatusCode)
		}
		return answer, err
	}
}

// InstrumentRoundTripperDuration observes after how many seconds the requests of
// next were answered. It panics at once if obs has labels that the package's rules
// do not allow.
func InstrumentRoundTripperDuration(obs tykmetrics.ObserverVec, next http.RoundTripper, opts ...Option) RoundTripperFunc {
	p := ofObserver(obs, opts)
	return func(r *http.Request) (*http.Response, error) {
		start := time.Now()
		answer, err := next.RoundTrip(r)
		if err == nil {
			observe(p, r, answer.StatusCode, time.Since(start).Seconds())
		}
		return answer, err
	}
}

// InstrumentTrace has a function for each event of httptrace.ClientTrace. Each is
// called with the seconds since the request began; those that are nil are not, and
// none is for an event that failed.
type InstrumentTrace struct {
	GotConn              func(float64)
	PutIdleConn          func(float64)
	GotFirstResponseByte func(float64)
	Got100Continue       func(float64)
	DNSStart             func(float64)
	DNSDone              func(float64)
	ConnectStart         func(float64)
	ConnectDone          func(float64)
	TLSHandshakeStart    func(float64)
	TLSHandshakeDone     func(float64)
	WroteHeaders         func(float64)
	Wait100Continue      func(float64)
	WroteRequest         func(float64)
}

// InstrumentRoundTripperTrace tells it when the events of a request happen.
func InstrumentRoundTripperTrace(it *InstrumentTrace, next http.RoundTripper) RoundTripperFunc {
	return func(r *http.Request) (*http.Response, error) {
		start := time.Now()
		tell := func(event func(float64), err error) {
			if event != nil && err == nil {
				event(time.Since(start).Seconds())
			}
		}
		trace := &httptrace.ClientTrace{
			GotConn:              func(httptrace.GotConnInfo) { tell(it.GotConn, nil) },
			PutIdleConn:          func(err error) { tell(it.PutIdleConn, err) },
			GotFirstResponseByte: func() { tell(it.GotFirstResponseByte, nil) },
			Got100Continue:       func() { tell(it.Got100Continue, nil) },
			DNSStart:             func(httptrace.DNSStartInfo) { tell(it.DNSStart, nil) },
			DNSDone:              func(httptrace.DNSDoneInfo) { tell(it.DNSDone, nil) },
			ConnectStart:         func(_, _ string) { tell(it.ConnectStart, nil) },
			ConnectDone:          func(_, _ string, err error) { tell(it.ConnectDone, err) },
			TLSHandshakeStart:    func() { tell(it.TLSHandshakeStart, nil) },
			TLSHandshakeDone:     func(_ tls.ConnectionState, err error) { tell(it.TLSHandshakeDone, err) },
			WroteHeaders:         func() { tell(it.WroteHeaders, nil) },
			Wait100Continue:      func() { tell(it.Wait100Continue, nil) },
			WroteRequest:         func(httptrace.WroteRequestInfo) { tell(it.WroteRequest, nil) },
		}
		return next.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	}
}
