package tykredis

import "github.com/tykmetrics/tykmetrics/bindings-go"

// Options of a hook and of pools. The zero value means the defaults.
type Options struct {
	// Registry to register the hook's metrics with; tykmetrics.DefaultRegisterer if nil.
	Registry tykmetrics.Registerer
	// Namespace and an underscore come before every name.
	Namespace string
	// ConstLabels are the same for everything.
	ConstLabels tykmetrics.Labels
	// Type adds the label "type" with this value to what the hook keeps, so that
	// several clients can be told apart. All hooks of a registry have one, or none.
	Type string
	// WithoutCommand leaves the label "command" out.
	WithoutCommand bool
	// Buckets are the bounds of the durations in seconds. The default begins lower
	// than tykmetrics.DefBuckets: Redis answers within a millisecond.
	Buckets []float64
}

// Tyk returns the options that give Tyk's gateway its names, such as
// tyk_gateway_redis_operation_duration_seconds and tyk_gateway_redis_pool_size{type}.
func Tyk() Options {
	return Options{
		Namespace:      "tyk_gateway",
		WithoutCommand: true,
		Buckets:        []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1},
	}
}

const subsystem = "redis"

// A tenth of a millisecond to a second.
var buckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1}
