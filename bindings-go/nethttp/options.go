package nethttp

import (
	"context"
	"net/http"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// Off as a name leaves a metric out.
const Off = "-"

// Names of the metrics. An empty one stands for the default, [Off] for none.
type Names struct {
	Requests, Duration, RequestSize, ResponseSize, Aborted, InFlight string
}

// Labels are the names of the labels. An empty one stands for the default.
type Labels struct {
	Method, Route, Status string
}

// Option changes what is measured, or how it is called.
type Option func(*options)

type options struct {
	registry    tykmetrics.Registerer
	namespace   string
	constLabels tykmetrics.Labels
	names       Names
	labels      Labels
	buckets     []float64
	sizeBuckets []float64
	methods     []string
	route       func(*http.Request) string
	exemplar    func(context.Context) tykmetrics.Labels
}

// WithRegistry registers the metrics with reg instead of tykmetrics.DefaultRegisterer.
func WithRegistry(reg tykmetrics.Registerer) Option {
	return func(o *options) { o.registry = reg }
}

// WithNamespace puts namespace and an underscore before every name.
func WithNamespace(namespace string) Option {
	return func(o *options) { o.namespace = namespace }
}

// WithConstLabels adds labels that are the same for every request.
func WithConstLabels(labels tykmetrics.Labels) Option {
	return func(o *options) { o.constLabels = labels }
}

// WithNames renames metrics, or leaves them out.
func WithNames(names Names) Option {
	return func(o *options) { o.names = names }
}

// WithLabels renames the labels.
func WithLabels(labels Labels) Option {
	return func(o *options) { o.labels = labels }
}

// WithBuckets sets the bounds of the durations, in seconds.
func WithBuckets(bounds []float64) Option {
	return func(o *options) { o.buckets = bounds }
}

// WithSizeBuckets sets the bounds of the sizes, in bytes.
func WithSizeBuckets(bounds []float64) Option {
	return func(o *options) { o.sizeBuckets = bounds }
}

// WithMethods adds to the methods that have a label value of their own, which
// are those of RFC 9110 and PATCH.
func WithMethods(methods ...string) Option {
	return func(o *options) { o.methods = append(o.methods, methods...) }
}

// WithRoute says the route of a request in the mux's stead; it is called when the
// handler is done. What it returns must come from a bounded set, so never the
// path. The empty text stands for [Unmatched].
func WithRoute(route func(*http.Request) string) Option {
	return func(o *options) { o.route = route }
}

// WithExemplar gives the durations exemplars, such as {"trace_id": …}, where
// labels returns some.
func WithExemplar(labels func(context.Context) tykmetrics.Labels) Option {
	return func(o *options) { o.exemplar = labels }
}

// Bounds of the bodies' sizes: 128 bytes to 32 MiB by factors of eight.
var sizeBuckets = []float64{1 << 7, 1 << 10, 1 << 13, 1 << 16, 1 << 19, 1 << 22, 1 << 25}

func gather(prefix string, given []Option) options {
	o := options{registry: tykmetrics.DefaultRegisterer, buckets: tykmetrics.DefBuckets, sizeBuckets: sizeBuckets}
	for _, option := range given {
		option(&o)
	}
	or(&o.names.Requests, prefix+"_requests_total")
	or(&o.names.Duration, prefix+"_request_duration_seconds")
	or(&o.names.RequestSize, prefix+"_request_size_bytes")
	or(&o.names.ResponseSize, prefix+"_response_size_bytes")
	or(&o.names.Aborted, prefix+"_requests_aborted_total")
	or(&o.names.InFlight, prefix+"_requests_in_flight")
	or(&o.labels.Method, "method")
	or(&o.labels.Route, "route")
	or(&o.labels.Status, "status")
	return o
}

func or(text *string, fallback string) {
	if *text == "" {
		*text = fallback
	}
}
