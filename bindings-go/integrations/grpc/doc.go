// Package tykgrpc measures gRPC servers.
//
//	metrics, err := tykgrpc.NewServer(tykgrpc.Options{})
//	server := grpc.NewServer(metrics.ServerOptions()...)
//	pb.RegisterKVServer(server, kv)
//	metrics.Know(server)
//
// It keeps, with the labels in braces:
//
//	grpc_server_request_total{method,code}             counter of finished calls
//	grpc_server_request_duration_seconds{method}       histogram
//	grpc_server_in_flight_requests{method}             gauge
//	grpc_server_panic_total{method}                    counter
//	grpc_server_msg_received_total{method}             counter, of streams
//	grpc_server_msg_sent_total{method}                 counter, of streams
//	grpc_server_active_connections                     gauge
//
// The method is the full one ("/package.Service/Method"). A server with a handler
// for unknown services is called with any method a client thinks of: all that
// [Server.Know] has not listed are "unknown" then, and without it the first
// [Options.MethodLimit] have names.
//
// A panic is counted as such and as a call with the code Internal, and goes on as
// it was: put whatever recovers it outside to see it counted.
package tykgrpc
