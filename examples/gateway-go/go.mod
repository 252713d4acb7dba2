module github.com/tykmetrics/tykmetrics/examples/gateway-go

go 1.24

require github.com/tykmetrics/tykmetrics/bindings-go v0.1.0

replace github.com/tykmetrics/tykmetrics/bindings-go => ../../bindings-go
