// The gateway serves a small JSON answer, measured by the library that -metrics names
// or by none, so that a load generator can tell what measuring costs.
//
// It prints the address it listens on, serves the metrics at /metrics, and ends
// when its standard input does or at an interrupt.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	prom "github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tykmetrics/tykmetrics/bindings-go/nethttp"
	"github.com/tykmetrics/tykmetrics/bindings-go/promhttp"
)

func main() {
	metrics := flag.String("metrics", "tykmetrics", "what measures: off, tykmetrics or client_golang")
	addr := flag.String("addr", "127.0.0.1:0", "where to listen")
	flag.Parse()

	mux := http.NewServeMux()
	handler, err := measured(*metrics, mux)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	go func() {
		// Whoever started the gateway has gone when this ends.
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = listener.Close()
	}()
	if err := http.Serve(listener, handler); !errors.Is(err, net.ErrClosed) {
		log.Fatal(err)
	}
}

func measured(by string, mux *http.ServeMux) (http.Handler, error) {
	const route = "GET /users/{id}"
	switch by {
	case "off":
		mux.HandleFunc(route, user)
		return mux, nil
	case "tykmetrics":
		mux.HandleFunc(route, user)
		mux.Handle("GET /metrics", promhttp.Handler())
		return nethttp.Middleware()(mux), nil
	case "client_golang":
		mux.Handle(route, instrumented(http.HandlerFunc(user)))
		mux.Handle("GET /metrics", prom.Handler())
		return mux, nil
	}
	return nil, fmt.Errorf("-metrics=%s: there is off, tykmetrics and client_golang", by)
}

// instrumented keeps with client_golang what nethttp keeps, but for the route, which
// promhttp does not know.
func instrumented(next http.Handler) http.Handler {
	labels := []string{"code", "method"}
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total"}, labels)
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "http_request_duration_seconds"}, labels[1:])
	sizes := []float64{1 << 7, 1 << 10, 1 << 13, 1 << 16, 1 << 19, 1 << 22, 1 << 25}
	request := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "http_request_size_bytes", Buckets: sizes}, labels[1:])
	response := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "http_response_size_bytes", Buckets: sizes}, labels[1:])
	inFlight := prometheus.NewGauge(prometheus.GaugeOpts{Name: "http_requests_in_flight"})
	prometheus.MustRegister(requests, duration, request, response, inFlight)
	next = prom.InstrumentHandlerResponseSize(response, next)
	next = prom.InstrumentHandlerRequestSize(request, next)
	next = prom.InstrumentHandlerCounter(requests, next)
	next = prom.InstrumentHandlerDuration(duration, next)
	return prom.InstrumentHandlerInFlight(inFlight, next)
}

type answer struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Email string   `json:"email"`
	Roles []string `json:"roles"`
}

func user(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		http.Error(w, "the id is no number", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer{
		ID: id, Name: "user " + strconv.Itoa(id), Email: strconv.Itoa(id) + "@example.org",
		Roles: []string{"reader", "writer"},
	})
}
