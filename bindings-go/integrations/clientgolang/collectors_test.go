package tykprom_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	ours "github.com/tykmetrics/tykmetrics/bindings-go/collectors"
	tykprom "github.com/tykmetrics/tykmetrics/bindings-go/integrations/clientgolang"
)

// nowhere is a database that nobody reaches.
type nowhere struct{}

func (nowhere) Connect(context.Context) (driver.Conn, error) { return nil, errors.New("nowhere") }
func (nowhere) Driver() driver.Driver                        { return nil }

func TestCollectorsShowWhatTheirNamesakesShow(t *testing.T) {
	db := sql.OpenDB(nowhere{})
	defer db.Close()
	for name, c := range map[string]struct {
		theirs prometheus.Collector
		ours   tykmetrics.Collector
	}{
		"database": {collectors.NewDBStatsCollector(db, "orders"), ours.NewDBStatsCollector(db, "orders")},
		"all of the runtime": {
			collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsAll)),
			ours.NewGoCollector(ours.WithGoCollectorRuntimeMetrics(ours.MetricsAll)),
		},
	} {
		registry, theirs := tykmetrics.NewRegistry(), prometheus.NewRegistry()
		registry.MustRegister(c.ours)
		theirs.MustRegister(c.theirs)
		got, want := byName(gathered(t, tykprom.NewGatherer(registry))), byName(gathered(t, theirs))
		if g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(g, w) {
			t.Errorf("%s: there are\n%s\nnot\n%s", name, strings.Join(g, "\n"), strings.Join(w, "\n"))
		}
		for family := range got {
			if got[family].GetType() != want[family].GetType() {
				t.Errorf("%s: %s is %v, not %v", name, family, got[family].GetType(), want[family].GetType())
			}
		}
	}
}
