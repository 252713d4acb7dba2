package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const gatewayPackage = "github.com/tykmetrics/tykmetrics/bindings-go/bench/gateway"

// gateways loads the gateway with each kind of metrics, all in turn, from a process
// of its own. The text says why there is no result.
func gateways(rounds int, each time.Duration) ([]Gateway, string) {
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		return nil, "wrk is not installed"
	}
	dir, err := os.MkdirTemp("", "gateway")
	if err != nil {
		return nil, err.Error()
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "gateway")
	if out, err := exec.Command("go", "build", "-o", program, gatewayPackage).CombinedOutput(); err != nil {
		return nil, fmt.Sprintf("the gateway does not build: %v\n%s", err, out)
	}

	all := []Gateway{{Metrics: "off"}, {Metrics: "tykmetrics"}, {Metrics: "client_golang"}}
	addrs := make([]string, len(all))
	for i, g := range all {
		gateway, err := start(program, g.Metrics)
		if err != nil {
			return nil, err.Error()
		}
		defer gateway.stop()
		addrs[i] = gateway.addr
		// The first requests make series and grow heaps.
		if _, err := load(wrk, gateway.addr, min(each, time.Second)); err != nil {
			return nil, err.Error()
		}
	}
	fewer := make([][]float64, len(all))
	for round := range rounds {
		// The order turns, so that no gateway always comes after the same one.
		for k := range all {
			i := (k + round) % len(all)
			perSecond, err := load(wrk, addrs[i], each)
			if err != nil {
				return nil, err.Error()
			}
			all[i].All = append(all[i].All, perSecond)
		}
		for i := range all {
			fewer[i] = append(fewer[i], 1-all[i].All[round]/all[0].All[round])
		}
		fmt.Fprintf(os.Stderr, "gateways, round %d of %d\n", round+1, rounds)
	}
	for i := range all {
		all[i].PerSecond = median(all[i].All)
		all[i].Fewer = median(fewer[i])
	}
	return all, ""
}

type running struct {
	addr  string
	cmd   *exec.Cmd
	stdin io.Closer
}

func start(program, metrics string) (*running, error) {
	cmd := exec.Command(program, "-metrics="+metrics)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := &running{cmd: cmd, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		r.stop()
		return nil, fmt.Errorf("the gateway with -metrics=%s said no address: %w", metrics, err)
	}
	r.addr = strings.TrimSpace(line)
	return r, r.check(metrics)
}

// check makes sure that the gateway answers and measures, before anything is timed.
func (r *running) check(metrics string) error {
	for _, path := range []string{"/users/7", "/metrics"} {
		if path == "/metrics" && metrics == "off" {
			continue
		}
		answer, err := http.Get("http://" + r.addr + path)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			return fmt.Errorf("-metrics=%s: %s gives %s (%v)", metrics, path, answer.Status, err)
		}
		if path == "/metrics" && !strings.Contains(string(text), "http_requests_total{") {
			return fmt.Errorf("-metrics=%s: the gateway does not count requests", metrics)
		}
	}
	return nil
}

func (r *running) stop() {
	_ = r.stdin.Close()
	if err := r.cmd.Wait(); err != nil {
		log.Print(err)
	}
}

var perSecond = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

// load has one thread of wrk keep 32 connections busy.
func load(wrk, addr string, each time.Duration) (float64, error) {
	seconds := max(1, int(each.Seconds()))
	out, err := exec.Command(wrk, "-t1", "-c32", "-d"+strconv.Itoa(seconds)+"s", "http://"+addr+"/users/7").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	found := perSecond.FindSubmatch(out)
	if found == nil || strings.Contains(string(out), "Non-2xx") {
		return 0, fmt.Errorf("wrk said:\n%s", out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
