module github.com/tykmetrics/tykmetrics/bindings-go/integrations/grpc

go 1.26.0

require (
	github.com/tykmetrics/tykmetrics/bindings-go v0.0.0
	google.golang.org/grpc v1.85.0
)

// The module beside this one while both are developed. A module that requires
// this one does not see the line.
replace github.com/tykmetrics/tykmetrics/bindings-go => ../..
