module github.com/tykmetrics/tykmetrics/bindings-go/bench

go 1.26.0

require (
	github.com/VictoriaMetrics/metrics v1.35.1
	github.com/prometheus/client_golang v1.25.0
	github.com/tykmetrics/tykmetrics/bindings-go v0.0.0
)

replace github.com/tykmetrics/tykmetrics/bindings-go => ..
