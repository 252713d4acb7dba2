package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/tykmetrics/tykmetrics/bindings-go/bench/suite"
)

// Record is what one run found.
type Record struct {
	Machine        Machine   `json:"machine"`
	Date           string    `json:"date"`
	Rounds         int       `json:"rounds"`
	Benchtime      string    `json:"benchtime"`
	Results        []Result  `json:"results"`
	Gateways       []Gateway `json:"gateways,omitempty"`
	GatewaysAbsent string    `json:"gateways_absent,omitempty"`
	Targets        []Target  `json:"targets"`
}

// Machine is where a run was, and with what.
type Machine struct {
	CPU      string            `json:"cpu"`
	CPUs     int               `json:"cpus"`
	Procs    int               `json:"gomaxprocs"`
	OS       string            `json:"os"`
	Arch     string            `json:"arch"`
	Go       string            `json:"go"`
	Versions map[string]string `json:"versions"`
}

// Result is one job done by one contender: medians over the rounds.
type Result struct {
	Job    string    `json:"job"`
	Side   string    `json:"side"`
	Nanos  float64   `json:"ns_per_op"`
	Bytes  int64     `json:"bytes_per_op"`
	Allocs int64     `json:"allocs_per_op"`
	All    []float64 `json:"rounds_ns_per_op"`
	// Ratio is how many times as long it takes as ours does.
	Ratio float64 `json:"times_ours"`
}

// Gateway is how many requests a gateway answered: the median over the rounds.
type Gateway struct {
	Metrics   string    `json:"metrics"`
	PerSecond float64   `json:"requests_per_second"`
	All       []float64 `json:"rounds"`
	// Fewer is the share of requests lost against the gateway without metrics: the
	// median over the rounds of each round's own.
	Fewer float64 `json:"fewer"`
}

type rounded struct {
	nanos         []float64
	bytes, allocs []int64
}

func (r *rounded) add(nanos float64, bytes, allocs int64) {
	r.nanos = append(r.nanos, nanos)
	r.bytes, r.allocs = append(r.bytes, bytes), append(r.allocs, allocs)
}

func (r *rounded) result(job, side string) Result {
	return Result{Job: job, Side: side, Nanos: median(r.nanos), Bytes: median(r.bytes), Allocs: median(r.allocs), All: r.nanos}
}

func median[T int64 | float64](of []T) T {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// compare fills in the ratios, each the median of the rounds' own.
func (r *Record) compare() {
	for i := range r.Results {
		one := &r.Results[i]
		for _, our := range r.Results {
			if our.Job == one.Job && our.Side == suite.Ours {
				ratios := make([]float64, len(one.All))
				for k := range ratios {
					ratios[k] = one.All[k] / our.All[k]
				}
				one.Ratio = median(ratios)
			}
		}
	}
}

func machine() Machine {
	m := Machine{
		CPU: "unknown", CPUs: runtime.NumCPU(), Procs: runtime.GOMAXPROCS(0),
		OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(), Versions: map[string]string{},
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if built, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range built.Deps {
			switch dep.Path {
			case "github.com/prometheus/client_golang", "github.com/VictoriaMetrics/metrics":
				m.Versions[dep.Path] = dep.Version
			}
		}
	}
	return m
}

func (r *Record) print(to io.Writer) {
	m := &r.Machine
	fmt.Fprintf(to, "%s, %d CPUs, GOMAXPROCS %d, %s/%s, %s\n", m.CPU, m.CPUs, m.Procs, m.OS, m.Arch, m.Go)
	for path, version := range m.Versions {
		fmt.Fprintf(to, "%s %s\n", path, version)
	}
	fmt.Fprintf(to, "medians of %d rounds of %s, contenders in turn; \"times ours\" is the median of each round's ratio\n\n",
		r.Rounds, r.Benchtime)
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "job\tcontender\tns/op\tB/op\tallocs/op\ttimes ours\t")
	last := ""
	for _, one := range r.Results {
		job := one.Job
		if job == last {
			job = ""
		}
		last = one.Job
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%.2f\t\n", job, one.Side, short(one.Nanos), one.Bytes, one.Allocs, one.Ratio)
	}
	_ = table.Flush()
	fmt.Fprintln(to)
	defer r.printTargets(to)
	if r.GatewaysAbsent != "" {
		fmt.Fprintf(to, "no gateways: %s\n", r.GatewaysAbsent)
		return
	}
	table = tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "gateway with metrics\trequests/s\tfewer than off\t")
	for _, g := range r.Gateways {
		fmt.Fprintf(table, "%s\t%.0f\t%.2f %%\t\n", g.Metrics, g.PerSecond, 100*g.Fewer)
	}
	_ = table.Flush()
}

func short(nanos float64) string {
	if nanos < 1000 {
		return fmt.Sprintf("%.2f", nanos)
	}
	return fmt.Sprintf("%.0f", math.Round(nanos))
}
