package tykgrpc

import "github.com/tykmetrics/tykmetrics/bindings-go"

// Off as a name leaves a metric out.
const Off = "-"

// Options of a server's metrics. The zero value means the defaults.
type Options struct {
	// Registry to register the metrics with; tykmetrics.DefaultRegisterer if nil.
	Registry tykmetrics.Registerer
	// Namespace and an underscore come before every name.
	Namespace string
	// Names of the metrics. An empty one stands for the default, [Off] for none.
	Names Names
	// ConstLabels are the same for every call.
	ConstLabels tykmetrics.Labels
	// Buckets are the bounds of the durations in seconds; tykmetrics.DefBuckets if nil.
	Buckets []float64
	// MethodLimit is how many methods get names as long as [Server.Know] has not
	// said which there are; 1000 if 0.
	MethodLimit int
}

// Names of the metrics.
type Names struct {
	Requests, Duration, InFlight, Panics, Received, Sent, Connections string
}

func (o *Options) fill() {
	if o.Registry == nil {
		o.Registry = tykmetrics.DefaultRegisterer
	}
	if o.Buckets == nil {
		o.Buckets = tykmetrics.DefBuckets
	}
	if o.MethodLimit == 0 {
		// Far more than services have, far less than the engine's own limit of
		// series.
		o.MethodLimit = 1000
	}
	or(&o.Names.Requests, "grpc_server_request_total")
	or(&o.Names.Duration, "grpc_server_request_duration_seconds")
	or(&o.Names.InFlight, "grpc_server_in_flight_requests")
	or(&o.Names.Panics, "grpc_server_panic_total")
	or(&o.Names.Received, "grpc_server_msg_received_total")
	or(&o.Names.Sent, "grpc_server_msg_sent_total")
	or(&o.Names.Connections, "grpc_server_active_connections")
}

func or(text *string, fallback string) {
	if *text == "" {
		*text = fallback
	}
}
