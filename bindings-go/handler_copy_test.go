package tykmetrics_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// cutOff goes on reading what it was given after Write has said that the stream is gone, as HTTP/2's does.
type cutOff struct {
	header       http.Header
	after        int
	got, as      []byte
	largestWrite int
}

func (c *cutOff) Header() http.Header { return c.header }
func (c *cutOff) WriteHeader(int)     {}
func (c *cutOff) Write(p []byte) (int, error) {
	c.largestWrite = max(c.largestWrite, len(p))
	if c.after--; c.after >= 0 {
		return len(p), nil
	}
	c.got, c.as = p, bytes.Clone(p)
	return 0, errors.New("stream closed")
}

func many(series int) *tykmetrics.Registry {
	r := tykmetrics.NewRegistry()
	v := r.MustNewGaugeVec(tykmetrics.GaugeOpts{Name: "g", Help: "Help."}, []string{"n"})
	for i := range series {
		v.WithLabelValues(fmt.Sprint(i)).Set(float64(series))
	}
	return r
}

func TestAStreamThatEndsReadsNoMemoryOfOtherScrapes(t *testing.T) {
	for _, after := range []int{0, 1} {
		w := &cutOff{header: http.Header{}, after: after}
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		request.ProtoMajor = 2
		tykmetrics.HandlerFor(many(5000), tykmetrics.HandlerOpts{}).ServeHTTP(w, request)
		// Other scrapes use the same memory of C.
		for i := range 10 {
			if err := many(4990+i).Render(io.Discard, "text"); err != nil {
				t.Fatal(err)
			}
		}
		if len(w.got) == 0 || !bytes.Equal(w.got, w.as) {
			t.Errorf("after %d writes, %d bytes became others while they were sent", after, len(w.got))
		}
		if w.largestWrite > 32<<10 {
			t.Errorf("%d bytes were copied at once", w.largestWrite)
		}
	}
}

func TestHTTP2GetsEverything(t *testing.T) {
	r := many(5000)
	server := httptest.NewUnstartedServer(tykmetrics.HandlerFor(r, tykmetrics.HandlerOpts{DisableCompression: true}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	answer, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || answer.ProtoMajor != 2 {
		t.Fatalf("%v over %s", err, answer.Proto)
	}
	var want bytes.Buffer
	if err := r.Render(&want, "text"); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes arrive of %d", len(got), want.Len())
	}
}
