package tykredis_test

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	tykredis "github.com/tykmetrics/tykmetrics/bindings-go/integrations/goredis"
)

func Example() {
	server, err := miniredis.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()

	registry := tykmetrics.NewRegistry()
	client.AddHook(tykredis.MustHook(tykredis.Options{Registry: registry}))
	registry.MustRegister(tykredis.NewPools(tykredis.Options{}).Add("default", client))

	client.Set(context.Background(), "key", "value", 0)
	show(registry, `redis_operation_duration_seconds_count{command="set"}`, "redis_pool_size")
	// Output:
	// redis_operation_duration_seconds_count{command="set"} 1
	// redis_pool_size{type="default"} 1
}
