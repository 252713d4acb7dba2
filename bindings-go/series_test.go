package tykmetrics_test

import (
	"runtime"
	"strconv"
	"strings"
	"testing"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// heap is what the live objects take.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestLongValuesAreOneSeriesAndNotRemembered(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{})
	prefix := strings.Repeat("x", 64<<10)
	before := heap()
	for i := range 500 {
		v.WithLabelValues("GET", prefix+strconv.Itoa(i)).Inc()
	}
	if kept := int64(heap()) - int64(before); kept > 8<<20 {
		t.Errorf("%d bytes are kept", kept)
	}
	if n := v.Cached(); n != 0 {
		t.Errorf("%d lookups are remembered", n)
	}
	// C refuses a text of more than 1 MiB, and what comes from outside is no reason to panic.
	v.WithLabelValues("GET", prefix+strings.Repeat("y", 2<<20)).Inc()
	families, err := r.Gather()
	if err != nil || len(families) != 1 || len(families[0].Series) != 1 {
		t.Fatalf("%d families, %v", len(families), err)
	}
	if one := families[0].Find(tykmetrics.Labels{"method": "GET", "path": prefix}); one == nil || one.Value != 501 {
		t.Error("not all are counted in one series")
	}
	if !v.DeleteLabelValues("GET", prefix+strings.Repeat("y", 2<<20)) || v.Len() != 0 {
		t.Error("the series is not found to be removed")
	}
}

func TestLookupsBeyondTheLimitAllocateNothingForLong(t *testing.T) {
	_, v := paths(t, tykmetrics.CounterOpts{Limit: 10})
	for i := range 200 {
		v.WithLabelValues("GET", strconv.Itoa(i)).Inc()
	}
	over := v.WithLabelValues("GET", "beyond")
	// One of 64 asks C whether there is room now, which takes two or so.
	if n := testing.AllocsPerRun(6400, func() {
		if v.WithLabelValues("GET", "another") != over {
			t.Fatal("another object")
		}
	}); n >= 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestValuesThatAreNotRememberedShareAnObject(t *testing.T) {
	_, v := paths(t, tykmetrics.CounterOpts{})
	if v.WithLabelValues("\xff", "/") != v.WithLabelValues("\xfe", "/") {
		t.Error("two objects for one series")
	}
	if n := testing.AllocsPerRun(1000, func() { v.WithLabelValues("\xff", "/").Inc() }); n > 3 {
		t.Errorf("%v allocations", n)
	}
}

func TestRoomBeyondTheLimitIsFound(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{Limit: 2})
	other := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "c_total", Limit: 2}, []string{"method", "path"})
	fill := func() {
		for i := range 300 {
			v.WithLabelValues("GET", strconv.Itoa(i)).Inc()
		}
	}
	fill()
	v.DeleteLabelValues("GET", "0")
	v.WithLabelValues("GET", "now").Add(1000)
	if got := scrape(t, r)[`c_total{method="GET",path="now"}`]; got != 1000 {
		t.Errorf("%v after a removal that the vector was told", got)
	}
	fill()
	other.DeleteLabelValues("GET", "now")
	for range 64 {
		v.WithLabelValues("GET", "later").Inc()
	}
	if got := scrape(t, r)[`c_total{method="GET",path="later"}`]; got < 1 {
		t.Errorf("%v after a removal that it was not told", got)
	}
	v.Reset()
	v.WithLabelValues("GET", "anew").Inc()
	if got := scrape(t, r)[`c_total{method="GET",path="anew"}`]; got != 1 {
		t.Errorf("%v after all are gone", got)
	}
}

func TestASeriesOfAnotherVectorIsNotBeyondTheLimit(t *testing.T) {
	r, v := paths(t, tykmetrics.CounterOpts{Limit: 2})
	other := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "c_total", Limit: 2}, []string{"method", "path"})
	other.WithLabelValues("GET", "theirs")
	for i := range 300 {
		v.WithLabelValues("GET", strconv.Itoa(i)).Inc()
	}
	v.WithLabelValues("GET", "theirs").Inc()
	if got := scrape(t, r)[`c_total{method="GET",path="theirs"}`]; got != 1 {
		t.Errorf("%v are counted where they belong", got)
	}
}

func TestCurriedLookupsAllocateNothing(t *testing.T) {
	_, v := paths(t, tykmetrics.CounterOpts{})
	for name, curried := range map[string]*tykmetrics.CounterVec{
		"the first": v.MustCurryWith(tykmetrics.Labels{"method": "GET"}),
		"the last":  v.MustCurryWith(tykmetrics.Labels{"path": "GET"}),
	} {
		want := map[string]tykmetrics.Counter{"the first": v.WithLabelValues("GET", "/"), "the last": v.WithLabelValues("/", "GET")}[name]
		if n := testing.AllocsPerRun(100, func() {
			if curried.WithLabelValues("/") != want {
				t.Fatal("another series")
			}
		}); n != 0 {
			t.Errorf("%v allocations with %s fixed", n, name)
		}
	}
}

func TestARemovalKeepsWhatTheTableHasOfOthers(t *testing.T) {
	_, v := paths(t, tykmetrics.CounterOpts{})
	for i := range 1000 {
		v.WithLabelValues("GET", strconv.Itoa(i))
	}
	v.DeleteLabelValues("GET", "7")
	// The slots are not made anew for one: the empty one is still counted.
	if n := v.Cached(); n != 1000 {
		t.Errorf("%d entries", n)
	}
	for i := range 900 {
		v.DeleteLabelValues("GET", strconv.Itoa(i))
	}
	if n := v.Cached(); n > 150 {
		t.Errorf("%d entries for 100 series", n)
	}
	v.WithLabelValues("GET", "7").Inc()
	if v.Len() != 101 {
		t.Errorf("%d series", v.Len())
	}
}
