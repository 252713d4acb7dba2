package tykgrpc_test

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	tykgrpc "github.com/tykmetrics/tykmetrics/bindings-go/integrations/grpc"
)

func Example() {
	registry := tykmetrics.NewRegistry()
	metrics, err := tykgrpc.NewServer(tykgrpc.Options{Registry: registry})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := grpc.NewServer(metrics.ServerOptions()...)
	healthpb.RegisterHealthServer(server, health.NewServer())
	metrics.Know(server)

	// What the server does with a call:
	info := &grpc.UnaryServerInfo{FullMethod: "/grpc.health.v1.Health/Check"}
	_, _ = metrics.UnaryServerInterceptor()(context.Background(), nil, info,
		func(context.Context, any) (any, error) { return nil, nil })
	show(registry, "grpc_server_request_total{")
	// Output:
	// grpc_server_request_total{method="/grpc.health.v1.Health/Check",code="OK"} 1
}
