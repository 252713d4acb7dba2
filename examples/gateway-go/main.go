// Command gateway-go is the gateway of `make run` in Go, on net/http.
//
// run-gateways starts it, by the contract that examples/run/src/child.rs tells. The middleware counts every request by its
// route, RecordRequest what a model was asked, and the endpoint serves both. Absent: an upstream. What one would do is in
// the query of a request: ?status=429&millis=12.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/nethttp"
)

const (
	bodyBytes  = 64 << 10
	mostMillis = 10_000
)

// upstream takes the time and gives the status that the query asks for.
func upstream(r *http.Request) int {
	query := r.URL.Query()
	if millis, err := strconv.Atoi(query.Get("millis")); err == nil && millis >= 0 {
		time.Sleep(time.Duration(min(millis, mostMillis)) * time.Millisecond)
	}
	status, err := strconv.Atoi(query.Get("status"))
	if err != nil || status < 200 || status > 599 {
		return http.StatusOK
	}
	return status
}

func answer(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "{}\n") // The client may have left.
}

func plain(w http.ResponseWriter, r *http.Request) { answer(w, upstream(r)) }

// model asks the model that the body names. To RecordRequest an API is a provider, and its name the model.
func model(w http.ResponseWriter, r *http.Request) {
	var question struct{ Provider, Model string }
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyBytes)).Decode(&question)
	if err != nil || question.Provider == "" || question.Model == "" {
		answer(w, http.StatusBadRequest)
		return
	}
	begun := time.Now()
	status := upstream(r)
	tykmetrics.RecordRequest(question.Provider, question.Model, r.Method, status, time.Since(begun))
	answer(w, status)
}

func run(metricsPort int) error {
	endpoint, err := tykmetrics.Serve(tykmetrics.ServerConfig{Listen: fmt.Sprintf("127.0.0.1:%d", metricsPort)})
	if err != nil {
		return err
	}
	defer endpoint.Close()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/users/{id}", plain)
	mux.HandleFunc("POST /api/users", plain)
	mux.HandleFunc("DELETE /api/users/{id}", plain)
	mux.HandleFunc("GET /api/models", plain)
	mux.HandleFunc("POST /v1/chat/completions", model)
	mux.HandleFunc("POST /v1/embeddings", model)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: nethttp.Middleware()(mux), ReadHeaderTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	fmt.Printf("ready http://%s %s\n", listener.Addr(), endpoint.URL())
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	select {
	case err := <-failed:
		return err
	case <-ended:
		return server.Close()
	}
}

func main() {
	metricsPort := flag.Int("metrics-port", 0, "the port of the endpoint, 0 for any that is free")
	flag.Parse()
	if err := run(*metricsPort); err != nil {
		log.Fatal("gateway-go: ", err)
	}
}
