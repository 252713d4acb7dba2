package main

import (
	"fmt"
	"net"
	"net/http"
	"time"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// endpoint is where the metrics are served.
type endpoint struct {
	url   string
	close func()
}

func serveMetrics(port int) (*endpoint, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", tykmetrics.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	return &endpoint{"http://" + listener.Addr().String(), func() { _ = server.Close() }}, nil
}
