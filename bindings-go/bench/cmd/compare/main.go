// Compare runs the suite and the gateways several times, all contenders in turn,
// and prints the medians and their ratios.
//
//	go run ./cmd/compare -out record
//	go run ./cmd/compare -rounds 1 -benchtime 10x -wrk 0 -only counter
//
// The gateways need wrk; without it, or with -wrk 0, they are left out and the output
// says so.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go/bench/suite"
)

func main() {
	log.SetFlags(0)
	testing.Init()
	rounds := flag.Int("rounds", 7, "how often each job is done by each contender")
	benchtime := flag.String("benchtime", "200ms", "how long once takes, or how many operations it has (100x)")
	only := flag.String("only", "", "run the jobs that match this regular expression")
	wrk := flag.Duration("wrk", 5*time.Second, "how long wrk loads a gateway in a round; 0 leaves the gateways out")
	out := flag.String("out", "", "where to write the record: this name with .json, and as text with .txt")
	flag.Parse()
	jobs, err := regexp.Compile(*only)
	if err != nil {
		log.Fatal(err)
	}
	// testing.Benchmark reads the flag that go test has.
	if err := flag.Set("test.benchtime", *benchtime); err != nil {
		log.Fatal(err)
	}

	record := Record{Machine: machine(), Date: time.Now().UTC().Format(time.RFC3339), Rounds: *rounds, Benchtime: *benchtime}
	var cases []suite.Case
	for _, c := range suite.Cases() {
		if jobs.MatchString(c.Job) {
			cases = append(cases, c)
		}
	}
	results := make([]rounded, len(cases))
	for round := range *rounds {
		for i, c := range cases {
			r := testing.Benchmark(c.Run)
			if r.N == 0 {
				log.Fatalf("%s by %s failed", c.Job, c.Side)
			}
			results[i].add(float64(r.T.Nanoseconds())/float64(r.N), r.AllocedBytesPerOp(), r.AllocsPerOp())
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, *rounds)
	}
	for i, c := range cases {
		record.Results = append(record.Results, results[i].result(c.Job, c.Side))
	}
	record.compare()

	if *wrk > 0 && jobs.MatchString("gateway") {
		record.Gateways, record.GatewaysAbsent = gateways(*rounds, *wrk)
	} else {
		record.GatewaysAbsent = "not asked for"
	}

	record.judge()
	var text strings.Builder
	record.print(&text)
	fmt.Print(text.String())
	if *out != "" {
		if err := record.write(*out, text.String()); err != nil {
			log.Fatal(err)
		}
	}
}

// write writes the record for programs and for people.
func (r *Record) write(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(name+".json", append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(name+".txt", []byte(text), 0o644)
}
