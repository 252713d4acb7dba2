package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/tykmetrics/tykmetrics/bindings-go/bench/suite"
)

// Target is a figure that was asked for, and what was measured.
type Target struct {
	What     string `json:"what"`
	Asked    string `json:"asked"`
	Measured string `json:"measured"`
	// Verdict is met, MISSED, or not measured.
	Verdict string `json:"verdict"`
}

// faster are the ratios asked for: how many times as long client_golang takes.
var faster = []struct {
	job   string
	times float64
}{
	{"counter, alone", 2}, {"counter, all processors", 6},
	{"histogram, alone", 3}, {"histogram, all processors", 12},
	{"3 labels and inc, alone", 2.5}, {"3 labels and inc, all processors", 5},
	{"scrape of 100,000 counters", 40},
	{"scrape over loopback", 10}, {"scrape over loopback, gzip", 10},
}

// heap is how much of Go's heap a scrape may take, in bytes.
const heap = 1 << 20

// fewest is the share of requests that measuring may cost a gateway.
const fewest = 0.01

// judge holds what was asked against what was measured. What was not measured is not met.
func (r *Record) judge() {
	verdict := func(met bool) string {
		if met {
			return "met"
		}
		return "MISSED"
	}
	find := func(job, side string) *Result {
		for i := range r.Results {
			if r.Results[i].Job == job && r.Results[i].Side == side {
				return &r.Results[i]
			}
		}
		return nil
	}
	for _, f := range faster {
		t := Target{f.job, fmt.Sprintf("%.1fx faster than client_golang", f.times), "-", "not measured"}
		if ours, peer := find(f.job, suite.Ours), find(f.job, suite.ClientGolang); ours != nil && peer != nil {
			t.Measured = fmt.Sprintf("%.2fx (%s against %s ns)", peer.Ratio, short(ours.Nanos), short(peer.Nanos))
			t.Verdict = verdict(peer.Ratio >= f.times)
		}
		r.Targets = append(r.Targets, t)
	}
	for _, job := range suite.Jobs[:6] {
		if ours := find(job, suite.Ours); ours != nil {
			r.Targets = append(r.Targets, Target{job, "no allocation", fmt.Sprint(ours.Allocs), verdict(ours.Allocs == 0)})
		}
	}
	if ours := find(suite.Jobs[6], suite.Ours); ours != nil {
		r.Targets = append(r.Targets, Target{ours.Job, "under 1 MB of Go's heap", fmt.Sprintf("%d B", ours.Bytes), verdict(ours.Bytes < heap)})
	}
	t := Target{"gateway under load", "under 1 % fewer requests", "-", "not measured"}
	for _, g := range r.Gateways {
		if g.Metrics == "tykmetrics" {
			t.Measured, t.Verdict = fmt.Sprintf("%.2f %%", 100*g.Fewer), verdict(g.Fewer < fewest)
		}
	}
	r.Targets = append(r.Targets, t)
}

func (r *Record) printTargets(to io.Writer) {
	fmt.Fprintln(to)
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "asked of\twhat\tmeasured\tverdict\t")
	for _, t := range r.Targets {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t\n", t.What, t.Asked, t.Measured, t.Verdict)
	}
	_ = table.Flush()
}
