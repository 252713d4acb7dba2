module github.com/tykmetrics/tykmetrics/bindings-go/integrations/clientgolang

go 1.26.0

require (
	github.com/prometheus/client_golang v1.25.0
	github.com/prometheus/client_model v0.6.3
	github.com/prometheus/common v0.73.1
	github.com/tykmetrics/tykmetrics/bindings-go v0.0.0
	google.golang.org/protobuf v1.36.12
)

// The module beside this one while both are developed. A module that requires
// this one does not see the line.
replace github.com/tykmetrics/tykmetrics/bindings-go => ../..
