package tykmetrics

import (
	"strconv"
	"sync"
	"time"
)

// Requests are the metrics of an API gateway's requests: PREFIX_gateway_requests_total,
// PREFIX_gateway_request_duration_seconds and PREFIX_gateway_request_errors_total. Names, labels and help are those that
// the engine gives them through every door, so that all find the same families.
type Requests struct {
	total    *CounterVec   // api_id, api_name, method, status_code
	duration *HistogramVec // api_id, api_name, method
	errors   *CounterVec   // api_id, api_name, method, error_type
}

// NewRequests makes the families in the registry, or finds them there.
func NewRequests(reg *Registry, prefix string) (*Requests, error) {
	total, err := reg.NewCounterVec(CounterOpts{Namespace: prefix, Subsystem: "gateway", Name: "requests_total", Help: "Total number of requests processed"},
		[]string{"api_id", "api_name", "method", "status_code"})
	if err != nil {
		return nil, err
	}
	duration, err := reg.NewHistogramVec(HistogramOpts{Namespace: prefix, Subsystem: "gateway", Name: "request_duration_seconds", Help: "Request duration in seconds"},
		[]string{"api_id", "api_name", "method"})
	if err != nil {
		return nil, err
	}
	failed, err := reg.NewCounterVec(CounterOpts{Namespace: prefix, Subsystem: "gateway", Name: "request_errors_total", Help: "Total number of request errors"},
		[]string{"api_id", "api_name", "method", "error_type"})
	if err != nil {
		return nil, err
	}
	return &Requests{total, duration, failed}, nil
}

// Record counts a request: by its status code, with its duration in seconds, and once more if the code is 400 or above
// (client_error up to 499, server_error from 500).
func (r *Requests) Record(apiID, apiName, method string, statusCode int, d time.Duration) {
	r.total.WithLabelValues(apiID, apiName, method, decimal(statusCode)).Inc()
	r.duration.WithLabelValues(apiID, apiName, method).Observe(seconds(d))
	switch {
	case statusCode >= 500:
		r.errors.WithLabelValues(apiID, apiName, method, "server_error").Inc()
	case statusCode >= 400:
		r.errors.WithLabelValues(apiID, apiName, method, "client_error").Inc()
	}
}

// standard are the families of RecordRequest: what tyk_record_request of the C door records to.
var standard = sync.OnceValues(func() (*Requests, error) { return NewRequests(std(), "tyk_gateway") })

// RecordRequest counts a request of a gateway in the DefaultRegisterer, under the prefix tyk_gateway; see Requests.Record.
// It allocates nothing for what was recorded before. If the families' names are taken by others it records nothing.
func RecordRequest(apiID, apiName, method string, statusCode int, d time.Duration) {
	if r, err := standard(); err == nil {
		r.Record(apiID, apiName, method, statusCode, d)
	}
}

// codes are the status codes as text.
var codes = func() (out [1000]string) {
	for i := range out {
		out[i] = strconv.Itoa(i)
	}
	return out
}()

func decimal(n int) string {
	if n >= 0 && n < len(codes) {
		return codes[n]
	}
	return strconv.Itoa(n)
}
