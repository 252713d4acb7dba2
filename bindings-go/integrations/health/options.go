package tykhealth

import "github.com/tykmetrics/tykmetrics/bindings-go"

// Options of a sink. The zero value means the defaults.
type Options struct {
	// Registry to register the metrics with; tykmetrics.DefaultRegisterer if nil.
	Registry tykmetrics.Registerer
	// Namespace and an underscore come before every name; "health" if empty.
	Namespace string
	// ConstLabels are the same for everything.
	ConstLabels tykmetrics.Labels
	// Keys lists the keys of key-value pairs that become labels; an event without
	// one of them has the empty value there. List only what has few values.
	Keys []string
	// Buckets are the bounds of timings and completions in seconds;
	// tykmetrics.DefBuckets if nil.
	Buckets []float64
	// Timings have histograms of their own.
	Timings []Timing
}

// Timing gives the timings of one job a histogram of their own. The first one
// that fits takes the timing, which is then not in the common histogram.
type Timing struct {
	// Job is the job's name.
	Job string
	// Event is the event's name; every event of the job if empty.
	Event string
	// Name of the histogram, after the namespace; Help is its text.
	Name, Help string
	// Labels of the histogram, each with the key whose value it takes. A timing
	// without a value for a Required one does not fit.
	Labels []Label
	// Buckets are the bounds in seconds; tykmetrics.DefBuckets if nil.
	Buckets []float64
}

// Label of a [Timing].
type Label struct {
	Name, Key string
	Required  bool
}

// Tyk returns the options that give Tyk's gateway its names: the prefix
// tyk_gateway, and the time of each middleware as
// tyk_gateway_processing_middleware_execution_seconds{middleware_name,api_id}.
func Tyk() Options {
	return Options{
		Namespace: "tyk_gateway",
		Timings: []Timing{{
			Job:  "MiddlewareCall",
			Name: "processing_middleware_execution_seconds",
			Help: "Middleware execution time in seconds",
			Labels: []Label{
				{Name: "middleware_name", Key: "mw_name", Required: true},
				{Name: "api_id", Key: "api_id"},
			},
			// Those of the gateway's own Redis and middleware histograms.
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1},
		}},
	}
}
