module github.com/tykmetrics/tykmetrics/bindings-go/integrations/goredis

go 1.24

require (
	github.com/alicebob/miniredis/v2 v2.35.0
	github.com/redis/go-redis/v9 v9.18.0
	github.com/tykmetrics/tykmetrics/bindings-go v0.1.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/dgryski/go-rendezvous v0.0.0-20200823014737-9f7001d12a5f // indirect
	github.com/yuin/gopher-lua v1.1.1 // indirect
	go.uber.org/atomic v1.11.0 // indirect
)

// The module beside this one while both are developed. A module that requires
// this one does not see the line.
replace github.com/tykmetrics/tykmetrics/bindings-go => ../..
