module github.com/tykmetrics/tykmetrics/bindings-go/integrations/goredis

go 1.26.0

require (
	github.com/alicebob/miniredis/v2 v2.40.0
	github.com/redis/go-redis/v9 v9.23.0
	github.com/tykmetrics/tykmetrics/bindings-go v0.1.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/yuin/gopher-lua v1.1.1 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
)

// The module beside this one while both are developed. A module that requires
// this one does not see the line.
replace github.com/tykmetrics/tykmetrics/bindings-go => ../..
