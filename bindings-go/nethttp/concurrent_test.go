package nethttp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/nethttp"
)

func TestManyClientsLoseNothing(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	mux := http.NewServeMux()
	mux.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		w.WriteHeader(code)
		_, _ = io.Copy(w, r.Body)
	})
	server := httptest.NewServer(nethttp.Middleware(nethttp.WithRegistry(registry))(mux))
	const clients, each = 16, 60
	codes := []int{200, 201, 404, 500, 503}
	var all sync.WaitGroup
	for client := range clients {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range each {
				code := codes[(client+i)%len(codes)]
				answer, err := http.Post(server.URL+"/status/"+strconv.Itoa(code), "text/plain", strings.NewReader("1234"))
				if err != nil {
					t.Error(err)
					return
				}
				body, _ := io.ReadAll(answer.Body)
				_ = answer.Body.Close()
				// A writer that reached another request would show here.
				if answer.StatusCode != code || string(body) != "1234" {
					t.Errorf("%d is answered %d %q", code, answer.StatusCode, body)
				}
			}
		}()
	}
	all.Wait()
	// Waits for the handlers.
	server.Close()
	total := strconv.Itoa(clients * each)
	for _, code := range codes {
		sample := `http_requests_total{method="POST",route="/status/{code}",status="` + strconv.Itoa(code) + `"}`
		if got, want := value(t, registry, sample), strconv.Itoa(clients*each/len(codes)); got != want {
			t.Errorf("%s is %s, not %s", sample, got, want)
		}
	}
	for sample, want := range map[string]string{
		`http_request_duration_seconds_count{method="POST",route="/status/{code}"}`:            total,
		`http_request_duration_seconds_bucket{method="POST",route="/status/{code}",le="+Inf"}`: total,
		`http_response_size_bytes_sum{method="POST",route="/status/{code}"}`:                   strconv.Itoa(4 * clients * each),
		`http_requests_in_flight`: "0",
	} {
		if got := value(t, registry, sample); got != want {
			t.Errorf("%s is %s, not %s", sample, got, want)
		}
	}
}

func TestHTTP2StreamsAndIsCounted(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	mux := http.NewServeMux()
	mux.HandleFunc("/two", func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("the protocol is %s", r.Proto)
		}
		if _, ok := w.(http.Pusher); !ok {
			t.Error("the writer cannot push")
		}
		if _, ok := w.(http.Hijacker); ok {
			t.Error("the writer says that it can be taken over")
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		_, _ = io.Copy(w, r.Body)
	})
	server := httptest.NewUnstartedServer(nethttp.Middleware(nethttp.WithRegistry(registry))(mux))
	server.EnableHTTP2 = true
	server.StartTLS()
	// The length is not declared.
	answer, err := server.Client().Post(server.URL+"/two", "text/plain", io.MultiReader(strings.NewReader("12"), strings.NewReader("34")))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil || string(body) != "1234" {
		t.Errorf("the answer is %q (%v)", body, err)
	}
	server.Close()
	for sample, want := range map[string]string{
		`http_requests_total{method="POST",route="/two",status="200"}`: "1",
		`http_request_size_bytes_sum{method="POST",route="/two"}`:      "4",
		`http_response_size_bytes_sum{method="POST",route="/two"}`:     "4",
	} {
		if got := value(t, registry, sample); got != want {
			t.Errorf("%s is %s, not %s", sample, got, want)
		}
	}
}

func TestExemplarsOfTheContext(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	type key struct{}
	h := nethttp.Middleware(nethttp.WithRegistry(registry), nethttp.WithExemplar(func(ctx context.Context) tykmetrics.Labels {
		if id, ok := ctx.Value(key{}).(string); ok {
			return tykmetrics.Labels{"trace_id": id}
		}
		return nil
	}))(http.HandlerFunc(ok))
	request := httptest.NewRequest("GET", "/", nil)
	h.ServeHTTP(httptest.NewRecorder(), request)
	h.ServeHTTP(httptest.NewRecorder(), request.WithContext(context.WithValue(request.Context(), key{}, "7f")))
	var text strings.Builder
	if err := registry.Render(&text, "openmetrics"); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), `# {trace_id="7f"}`); n != 1 {
		t.Errorf("there are %d exemplars in\n%s", n, &text)
	}
}
