package tykgrpc

import (
	"context"

	"google.golang.org/grpc/stats"
)

// StatsHandler follows connections. [Server.ServerOptions] has it.
func (s *Server) StatsHandler() stats.Handler { return connections{s} }

type connections struct{ server *Server }

func (c connections) HandleConn(_ context.Context, event stats.ConnStats) {
	if c.server.connections == nil {
		return
	}
	switch event.(type) {
	case *stats.ConnBegin:
		c.server.connections.Inc()
	case *stats.ConnEnd:
		c.server.connections.Dec()
	}
}

func (connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (connections) HandleRPC(context.Context, stats.RPCStats)                         {}
