package tykhealth_test

import (
	"fmt"

	"github.com/gocraft/health"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	tykhealth "github.com/tykmetrics/tykmetrics/bindings-go/integrations/health"
)

func Example() {
	registry := tykmetrics.NewRegistry()
	options := tykhealth.Tyk()
	options.Registry = registry
	sink, err := tykhealth.NewSink(options)
	if err != nil {
		fmt.Println(err)
		return
	}
	stream := health.NewStream().AddSink(sink)

	stream.NewJob("MiddlewareCall").TimingKv("exec", 2_000_000, health.Kvs{"mw_name": "CORS", "api_id": "42"})
	show(registry, "tyk_gateway_processing_middleware_execution_seconds_count")
	// Output:
	// tyk_gateway_processing_middleware_execution_seconds_count{middleware_name="CORS",api_id="42"} 1
}
