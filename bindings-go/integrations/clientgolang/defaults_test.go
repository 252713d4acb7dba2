package tykprom_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	tykprom "github.com/tykmetrics/tykmetrics/bindings-go/integrations/clientgolang"
)

func TestBothDefaultRegistriesGoTogether(t *testing.T) {
	alone := prometheus.NewCounter(prometheus.CounterOpts{Name: "only_theirs_total", Help: "Theirs."})
	prometheus.MustRegister(alone)
	defer prometheus.Unregister(alone)
	// Another kind under the name of one of ours, and the same name twice.
	family := tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "both_have", Help: "Ours."})
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "both_have", Help: "Theirs."})
	prometheus.MustRegister(gauge)
	defer prometheus.Unregister(gauge)
	registry := tykmetrics.DefaultRegisterer
	registry.MustRegister(tykprom.FromGatherer(prometheus.DefaultGatherer), tykprom.FromGatherer(prometheus.DefaultGatherer), family)

	for _, accept := range []string{"", "application/openmetrics-text"} {
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		request.Header.Set("Accept", accept)
		answer := httptest.NewRecorder()
		tykmetrics.Handler().ServeHTTP(answer, request)
		if answer.Code != http.StatusOK {
			t.Fatalf("the answer is %d: %s", answer.Code, answer.Body)
		}
		text := answer.Body.String()
		for _, name := range []string{"go_goroutines ", "process_open_fds ", "only_theirs_total "} {
			if n := strings.Count(text, "\n"+name); n != 1 {
				t.Errorf("%s is there %d times in\n%s", name, n, text)
			}
		}
		for _, ours := range []string{"# HELP process_open_fds " + ourHelp(t, "process_open_fds"), "# HELP both_have Ours.",
			"# HELP go_goroutines " + ourHelp(t, "go_goroutines")} {
			if !strings.Contains(text, ours+"\n") {
				t.Errorf("%q is not in\n%s", ours, text)
			}
		}
	}
}

// ourHelp is what the collectors of ours say of a metric.
func ourHelp(t *testing.T, name string) string {
	t.Helper()
	registry := tykmetrics.NewRegistry()
	registry.MustRegister(tykmetrics.NewGoCollector(), tykmetrics.NewProcessCollector(tykmetrics.ProcessCollectorOpts{}))
	snapshot, err := registry.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return snapshot.Family(name).Help
}
