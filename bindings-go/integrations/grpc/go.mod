module github.com/tykmetrics/tykmetrics/bindings-go/integrations/grpc

go 1.24

require (
	github.com/tykmetrics/tykmetrics/bindings-go v0.1.0
	google.golang.org/grpc v1.75.1
)

require (
	golang.org/x/net v0.41.0 // indirect
	golang.org/x/sys v0.33.0 // indirect
	golang.org/x/text v0.26.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20250707201910-8d1bb00bc6a7 // indirect
	google.golang.org/protobuf v1.36.6 // indirect
)

// The module beside this one while both are developed. A module that requires
// this one does not see the line.
replace github.com/tykmetrics/tykmetrics/bindings-go => ../..
