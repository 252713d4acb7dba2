package nethttp

import (
	"context"
	"strconv"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

func TestRoutesWithoutEndAreNotAllRemembered(t *testing.T) {
	f, err := newFamilies(&options{
		registry: tykmetrics.NewRegistry(),
		names:    Names{Requests: "n_total", Duration: Off, RequestSize: Off, ResponseSize: Off, Aborted: Off},
		labels:   Labels{Method: "method", Route: "route", Status: "status"},
	}, "requests")
	if err != nil {
		t.Fatal(err)
	}
	for i := range routesKept + 100 {
		f.record(strconv.Itoa(i), &outcome{ctx: context.Background(), status: 200})
	}
	if n := len(*f.known.Load()); n != routesKept {
		t.Errorf("%d routes are remembered", n)
	}
}
