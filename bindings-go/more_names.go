package tykmetrics

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// CollectorFunc is a function as a Collector. It is called once at its registration, for the descriptions, and at each
// scrape.
type CollectorFunc func(chan<- Metric)

// Describe sends the descriptions of what the function collects now.
func (f CollectorFunc) Describe(to chan<- *Desc) { DescribeByCollect(f, to) }

// Collect calls the function.
func (f CollectorFunc) Collect(to chan<- Metric) { f(to) }

// Values for HistogramOpts.NativeHistogramZeroThreshold, which means nothing here.
const (
	// DefNativeHistogramZeroThreshold is client_golang's default.
	DefNativeHistogramZeroThreshold = 2.938735877055719e-39
	// NativeHistogramZeroThresholdZero asks client_golang for a zero bucket of zeroes alone.
	NativeHistogramZeroThresholdZero = -1
)

// NewPidFileFn reads a process's number from a file, for collectors.ProcessCollectorOpts.
func NewPidFileFn(pidFilePath string) func() (int, error) {
	return func() (int, error) {
		text, err := os.ReadFile(pidFilePath)
		if err != nil {
			return 0, fmt.Errorf("the file with the process's number cannot be read: %w", err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return 0, fmt.Errorf("file %q holds no process's number: %w", pidFilePath, err)
		}
		return pid, nil
	}
}
