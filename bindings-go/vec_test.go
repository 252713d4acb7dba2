package tykmetrics_test

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

func paths(t testing.TB, opts tykmetrics.CounterOpts) (*tykmetrics.Registry, *tykmetrics.CounterVec) {
	t.Helper()
	r := tykmetrics.NewRegistry()
	opts.Name = "c_total"
	return r, r.MustNewCounterVec(opts, []string{"method", "path"})
}

func TestTheSameLabelsAreTheSameSeries(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{})
	if v.WithLabelValues("GET", "/") != v.With(tykmetrics.Labels{"path": "/", "method": "GET"}) {
		t.Error("two objects for one series")
	}
	again := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "c_total"}, []string{"method", "path"})
	v.WithLabelValues("GET", "/").Inc()
	again.WithLabelValues("GET", "/").Inc()
	again.WithLabelValues("/", "GET").Inc()
	shows(t, r, "# TYPE c_total counter", `c_total{method="GET",path="/"} 2`, `c_total{method="/",path="GET"} 1`)
}

func TestAWrongNumberOfLabelsIsAnErrorOrAPanic(t *testing.T) {
	_, v := paths(t, tykmetrics.CounterOpts{})
	curried := v.MustCurryWith(tykmetrics.Labels{"method": "GET"})
	for name, get := range map[string]func() error{
		"too few":      func() error { _, err := v.GetMetricWithLabelValues("GET"); return err },
		"none":         func() error { _, err := v.GetMetricWithLabelValues(); return err },
		"too many":     func() error { _, err := v.GetMetricWithLabelValues("GET", "/", "x"); return err },
		"another name": func() error { _, err := v.GetMetricWith(tykmetrics.Labels{"method": "GET", "way": "/"}); return err },
		"a name less":  func() error { _, err := v.GetMetricWith(tykmetrics.Labels{"method": "GET"}); return err },
		"curried, all": func() error { _, err := curried.GetMetricWithLabelValues("GET", "/"); return err },
		"curried, it":  func() error { _, err := curried.GetMetricWith(tykmetrics.Labels{"method": "GET"}); return err },
		"removal":      func() error { _, err := v.Remove("GET"); return err },
	} {
		if err := get(); !errors.Is(err, tykmetrics.LabelCount) || !strings.Contains(err.Error(), "c_total") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, get := range []func(){
		func() { v.WithLabelValues("GET") },
		func() { v.With(tykmetrics.Labels{"method": "GET"}) },
		func() { curried.WithLabelValues("GET", "/") },
	} {
		func() {
			defer func() {
				if p := recover(); !strings.Contains(fmt.Sprint(p), "c_total") {
					t.Errorf("%v", p)
				}
			}()
			get()
			t.Error("no panic")
		}()
	}
	if v.DeleteLabelValues("GET") || v.Delete(tykmetrics.Labels{"way": "/"}) {
		t.Error("there was such a series")
	}
}

func TestAnyTextIsALabelValue(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{})
	v.WithLabelValues("\xff\x00", "").Inc()
	v.WithLabelValues("\xff\x00", "").Inc()
	v.WithLabelValues(strings.Repeat("long", 100), "\"\n\\").Inc()
	shows(t, r, "# TYPE c_total counter", "c_total{method=\"\ufffd\x00\",path=\"\"} 2",
		`c_total{method="`+strings.Repeat("long", 100)+`",path="\"\n\\"} 1`)
}

func TestValuesMayChangeAfterALookup(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{})
	// A server that reuses its buffers hands out strings whose bytes change later.
	buffer := []byte("a value of more than sixteen bytes")
	value := unsafe.String(&buffer[0], len(buffer))
	v.WithLabelValues(value, "x").Inc()
	copy(buffer, "b")
	v.WithLabelValues(value, "x").Inc()
	v.WithLabelValues("a value of more than sixteen bytes", "x").Inc()
	shows(t, r, "# TYPE c_total counter", `c_total{method="a value of more than sixteen bytes",path="x"} 2`,
		`c_total{method="b value of more than sixteen bytes",path="x"} 1`)
}

func TestCurriedVectorsAreTheSameFamily(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{})
	get := v.MustCurryWith(tykmetrics.Labels{"method": "GET"})
	root := v.MustCurryWith(tykmetrics.Labels{"path": "/"})
	both := root.MustCurryWith(tykmetrics.Labels{"method": "GET"})
	get.WithLabelValues("/").Inc()
	root.With(tykmetrics.Labels{"method": "GET"}).Inc()
	both.WithLabelValues().Inc()
	both.With(nil).Inc()
	shows(t, r, "# TYPE c_total counter", `c_total{method="GET",path="/"} 4`)
	if _, err := get.CurryWith(tykmetrics.Labels{"method": "PUT"}); !errors.Is(err, tykmetrics.InvalidLabel) {
		t.Error(err)
	}
	if _, err := get.CurryWith(tykmetrics.Labels{"way": "PUT"}); !errors.Is(err, tykmetrics.NotFound) {
		t.Error(err)
	}
	v.WithLabelValues("PUT", "/").Inc()
	if get.DeletePartialMatch(tykmetrics.Labels{"path": "/"}) != 1 || !root.DeleteLabelValues("PUT") || v.Len() != 0 {
		t.Error("removals through curried vectors")
	}
}

func TestARemovedSeriesIsGoneAndBeginsAnew(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{})
	old := v.WithLabelValues("GET", "/")
	old.Add(5)
	if !v.DeleteLabelValues("GET", "/") || v.DeleteLabelValues("GET", "/") {
		t.Error("found")
	}
	old.Inc() // goes nowhere that shows
	if got := text(t, r); got != "" {
		t.Errorf("after the removal: %s", got)
	}
	v.WithLabelValues("GET", "/").Inc()
	shows(t, r, "# TYPE c_total counter", `c_total{method="GET",path="/"} 1`)
	// Another vector of the family, which has the series in a table of its own, sees the removal too.
	again := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "c_total"}, []string{"method", "path"})
	again.WithLabelValues("GET", "/").Inc()
	if !v.Delete(tykmetrics.Labels{"method": "GET", "path": "/"}) {
		t.Error("found")
	}
	again.WithLabelValues("GET", "/").Add(3)
	shows(t, r, "# TYPE c_total counter", `c_total{method="GET",path="/"} 3`)
	again.WithLabelValues("PUT", "/").Inc()
	if n := v.DeletePartialMatch(tykmetrics.Labels{"method": "PUT"}); n != 1 {
		t.Errorf("%d removed", n)
	}
	v.Reset()
	again.WithLabelValues("PUT", "/").Inc()
	shows(t, r, "# TYPE c_total counter", `c_total{method="PUT",path="/"} 1`)
}

func TestBeyondTheLimitIsOneSeriesAndNothingIsRemembered(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{Limit: 2})
	for i := range 1000 {
		v.WithLabelValues("GET", strconv.Itoa(i)).Inc()
	}
	shows(t, r, "# TYPE c_total counter", `c_total{method="GET",path="0"} 1`, `c_total{method="GET",path="1"} 1`, `c_total{otel_metric_overflow="true"} 998`)
	if n := v.Cached(); n != 2 {
		t.Errorf("%d lookups are remembered", n)
	}
	if v.WithLabelValues("GET", "500") != v.WithLabelValues("GET", "501") {
		t.Error("two objects for the overflow series")
	}
}

func TestTheTableForgetsSeriesThatAreGone(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{})
	other := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "c_total"}, []string{"method", "path"})
	for i := range 20000 {
		v.WithLabelValues("GET", strconv.Itoa(i)).Inc()
		if i%100 == 99 {
			other.Reset() // v is not told
		}
	}
	// 100 live at once; a table is rebuilt when two thirds of its slots are used.
	if n := v.Cached(); n > 1000 {
		t.Errorf("%d entries for the %d series that are left", n, v.Len())
	}
}

func TestIdleSeriesExpireThoughTheTableKnewThem(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{ExpireAfter: time.Millisecond})
	held := v.WithLabelValues("GET", "/held")
	held.Inc()
	v.WithLabelValues("GET", "/idle").Inc()
	for range 1000 {
		// The object of the idle series is collected, then a scrape sees that nobody holds the series.
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
		if err := r.Upkeep(); err != nil {
			t.Fatal(err)
		}
		if v.Len() == 1 {
			break
		}
	}
	held.Inc()
	shows(t, r, "# TYPE c_total counter", `c_total{method="GET",path="/held"} 2`)
	v.WithLabelValues("GET", "/idle").Inc()
	if got := scrape(t, r)[`c_total{method="GET",path="/idle"}`]; got < 1 {
		t.Errorf("the series that came back shows %v", got)
	}
}

func TestLookupsWhileSeriesAreRemoved(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{})
	stop := make(chan struct{})
	var done sync.WaitGroup
	for range 4 {
		done.Add(1)
		go func() {
			defer done.Done()
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					v.WithLabelValues("GET", strconv.Itoa(i%50)).Inc()
				}
			}
		}()
	}
	for i := range 500 {
		switch i % 3 {
		case 0:
			v.DeleteLabelValues("GET", strconv.Itoa(i%50))
		case 1:
			v.DeletePartialMatch(tykmetrics.Labels{"path": strconv.Itoa(i % 50)})
		default:
			v.Reset()
		}
	}
	close(stop)
	done.Wait()
	// What is looked up now is what shows.
	v.Reset()
	for i := range 50 {
		v.WithLabelValues("GET", strconv.Itoa(i)).Add(float64(i))
	}
	for i := range 50 {
		if got := scrape(t, r)[fmt.Sprintf(`c_total{method="GET",path="%d"}`, i)]; got != float64(i) {
			t.Fatalf("series %d shows %v", i, got)
		}
	}
}

func TestWhatIsNoUTF8IsNotRemembered(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{})
	// All of them are one series, and somebody outside may send any number of them.
	for i := range 64 * 64 {
		v.WithLabelValues(string([]byte{0x80 + byte(i/64), 0x80 + byte(i%64)}), "/").Inc()
	}
	if n := v.Cached(); n != 0 {
		t.Errorf("%d entries", n)
	}
	shows(t, r, "# TYPE c_total counter", "c_total{method=\"\ufffd\ufffd\",path=\"/\"} 4096")
}
