package response_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/response"
)

// plain is a writer without any optional interface; the others add one each.
type plain struct {
	header http.Header
	calls  []string
}

func (p *plain) call(name string)            { p.calls = append(p.calls, name) }
func (p *plain) Header() http.Header         { return p.header }
func (p *plain) WriteHeader(status int)      { p.call(fmt.Sprint("status ", status)) }
func (p *plain) Write(b []byte) (int, error) { p.call("write"); return len(b), nil }

type flusher struct{ *plain }

func (f flusher) Flush() { f.call("flush") }

type hijacker struct{ *plain }

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	h.call("hijack")
	return nil, nil, nil
}

type reader struct{ *plain }

func (r reader) ReadFrom(src io.Reader) (int64, error) {
	r.call("read")
	return io.Copy(io.Discard, src)
}

type pusher struct{ *plain }

func (p pusher) Push(string, *http.PushOptions) error { p.call("push"); return nil }

// writers makes a writer with each of the 16 sets of optional interfaces.
func writers(p *plain) map[string]http.ResponseWriter {
	f, h, r, u := flusher{p}, hijacker{p}, reader{p}, pusher{p}
	return map[string]http.ResponseWriter{
		"":  p,
		"f": f,
		"h": h,
		"r": r,
		"u": u,
		"fh": struct {
			*plain
			http.Flusher
			http.Hijacker
		}{p, f, h},
		"fr": struct {
			*plain
			http.Flusher
			io.ReaderFrom
		}{p, f, r},
		"fu": struct {
			*plain
			http.Flusher
			http.Pusher
		}{p, f, u},
		"hr": struct {
			*plain
			http.Hijacker
			io.ReaderFrom
		}{p, h, r},
		"hu": struct {
			*plain
			http.Hijacker
			http.Pusher
		}{p, h, u},
		"ru": struct {
			*plain
			io.ReaderFrom
			http.Pusher
		}{p, r, u},
		"fhr": struct {
			*plain
			http.Flusher
			http.Hijacker
			io.ReaderFrom
		}{p, f, h, r},
		"fhu": struct {
			*plain
			http.Flusher
			http.Hijacker
			http.Pusher
		}{p, f, h, u},
		"fru": struct {
			*plain
			http.Flusher
			io.ReaderFrom
			http.Pusher
		}{p, f, r, u},
		"hru": struct {
			*plain
			http.Hijacker
			io.ReaderFrom
			http.Pusher
		}{p, h, r, u},
		"fhru": struct {
			*plain
			http.Flusher
			http.Hijacker
			io.ReaderFrom
			http.Pusher
		}{p, f, h, r, u},
	}
}

func TestAWriterHasTheInterfacesOfTheWrappedOneAndNoOther(t *testing.T) {
	for has, inner := range writers(&plain{header: http.Header{}}) {
		w := response.New(inner).Writer()
		_, f := w.(http.Flusher)
		_, h := w.(http.Hijacker)
		_, r := w.(io.ReaderFrom)
		_, u := w.(http.Pusher)
		got := ""
		for _, one := range []struct {
			name string
			has  bool
		}{{"f", f}, {"h", h}, {"r", r}, {"u", u}} {
			if one.has {
				got += one.name
			}
		}
		if got != has {
			t.Errorf("a writer with %q becomes one with %q", has, got)
		}
		if !response.SetRoute(w, "/") {
			t.Errorf("the recorder of a writer with %q is not found", has)
		}
	}
}

func TestOptionalMethodsReachTheWrappedWriter(t *testing.T) {
	for has := range writers(&plain{}) {
		p := &plain{header: http.Header{}}
		w := response.New(writers(p)[has]).Writer()
		want := ""
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
			want += " flush"
		}
		if r, ok := w.(io.ReaderFrom); ok {
			if n, err := r.ReadFrom(strings.NewReader("body")); n != 4 || err != nil {
				t.Errorf("%q: ReadFrom gives %d, %v", has, n, err)
			}
			want += " read"
		}
		if u, ok := w.(http.Pusher); ok {
			if err := u.Push("/style.css", nil); err != nil {
				t.Errorf("%q: Push gives %v", has, err)
			}
			want += " push"
		}
		if h, ok := w.(http.Hijacker); ok {
			if _, _, err := h.Hijack(); err != nil {
				t.Errorf("%q: Hijack gives %v", has, err)
			}
			want += " hijack"
		}
		if got := strings.Join(append([]string{""}, p.calls...), " "); got != want {
			t.Errorf("a writer with %q is called%q, not%q", has, got, want)
		}
	}
}

func TestTheFirstFinalStatusCounts(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		status int
		bytes  int64
	}{
		"nothing":       {func(http.ResponseWriter) {}, 0, 0},
		"a status":      {func(w http.ResponseWriter) { w.WriteHeader(404) }, 404, 0},
		"two":           {func(w http.ResponseWriter) { w.WriteHeader(404); w.WriteHeader(500) }, 404, 0},
		"early hints":   {func(w http.ResponseWriter) { w.WriteHeader(103); w.WriteHeader(201) }, 201, 0},
		"continue":      {func(w http.ResponseWriter) { w.WriteHeader(100) }, 0, 0},
		"switching":     {func(w http.ResponseWriter) { w.WriteHeader(101) }, 101, 0},
		"a body":        {func(w http.ResponseWriter) { _, _ = w.Write([]byte("12345")) }, 200, 5},
		"an empty body": {func(w http.ResponseWriter) { _, _ = w.Write(nil) }, 200, 0},
		"text":          {func(w http.ResponseWriter) { _, _ = io.WriteString(w, "123") }, 200, 3},
		"a late status": {func(w http.ResponseWriter) { _, _ = io.WriteString(w, "123"); w.WriteHeader(500) }, 200, 3},
		"a flush":       {func(w http.ResponseWriter) { w.(http.Flusher).Flush() }, 200, 0},
	} {
		rec := response.New(httptest.NewRecorder())
		c.answer(rec.Writer())
		if rec.Status() != c.status || rec.Written() != c.bytes {
			t.Errorf("%s: status %d, %d bytes", name, rec.Status(), rec.Written())
		}
	}
}

func TestASourceThatFailsAtOnceLeavesTheStatusOpen(t *testing.T) {
	rec := response.New(reader{&plain{}})
	w := rec.Writer()
	if _, err := w.(io.ReaderFrom).ReadFrom(iotestErr{}); err == nil {
		t.Fatal("the source's error is lost")
	}
	w.WriteHeader(http.StatusBadGateway)
	if rec.Status() != http.StatusBadGateway {
		t.Errorf("the status is %d", rec.Status())
	}
}

type iotestErr struct{}

func (iotestErr) Read([]byte) (int, error) { return 0, errors.New("unplugged") }

func TestAResponseControllerReachesTheServer(t *testing.T) {
	failed := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rec := response.New(w)
		c := http.NewResponseController(rec.Writer())
		failed <- errors.Join(c.EnableFullDuplex(), c.Flush())
	}))
	defer server.Close()
	answer, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if err := <-failed; err != nil {
		t.Error(err)
	}
}

func TestAWriteAfterTheResponseReachesNoOtherRequest(t *testing.T) {
	own := httptest.NewRecorder()
	kept := response.New(own).Writer()
	// Others come meanwhile.
	var others [100]*httptest.ResponseRecorder
	for i := range others {
		others[i] = httptest.NewRecorder()
		rec := response.New(others[i])
		_, _ = io.WriteString(rec.Writer(), "theirs")
		_, _ = kept.Write([]byte("late"))
		kept.Header().Set("X", "late")
		if rec.Written() != 6 {
			t.Errorf("another request has %d bytes", rec.Written())
		}
	}
	for _, other := range others {
		if other.Body.String() != "theirs" || other.Header().Get("X") != "" {
			t.Fatalf("another request got %q, %v", other.Body, other.Header())
		}
	}
	if own.Body.Len() != 4*len(others) {
		t.Errorf("the late writes went elsewhere: %d bytes", own.Body.Len())
	}
}

func TestAWriterCostsOneAllocation(t *testing.T) {
	for has, inner := range writers(&plain{header: http.Header{}}) {
		n := testing.AllocsPerRun(100, func() { use(response.New(inner).Writer()) })
		if n > 1 {
			t.Errorf("a writer with %q costs %v allocations", has, n)
		}
	}
}

func TestTheRecorderOfAWriterIsFound(t *testing.T) {
	for has, inner := range writers(&plain{header: http.Header{}}) {
		rec := response.New(inner)
		if response.Of(rec.Writer()) != rec {
			t.Errorf("the recorder of a writer with %q is not found", has)
		}
		if response.Of(inner) != nil {
			t.Errorf("a writer with %q is a recorder", has)
		}
	}
}

//go:noinline
func use(http.ResponseWriter) {}

func TestAWriterOfATakenConnectionStaysTheHandlers(t *testing.T) {
	p := &plain{header: http.Header{"Mine": nil}}
	rec := response.New(hijacker{p})
	w := rec.Writer()
	if _, _, err := w.(http.Hijacker).Hijack(); err != nil || !rec.Hijacked() {
		t.Fatalf("hijacked: %t (%v)", rec.Hijacked(), err)
	}
	// Whoever has the connection may have the writer too.
	if _, mine := w.Header()["Mine"]; !mine {
		t.Error("the writer was given to another request")
	}
}
