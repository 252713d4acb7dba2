// Package collectors has the names of client_golang's collectors package over
// tykmetrics, so that changing the import is the migration.
//
// tykmetrics.DefaultRegisterer has the Go and the process collector from the
// start, as client_golang's has. What is absent: NewExpvarCollector, and the
// process collector of another process.
package collectors
