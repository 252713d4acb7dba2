// Package tykhealth turns what a program tells gocraft/health into metrics.
//
//	stream := health.NewStream()
//	stream.AddSink(tykhealth.MustSink(tykhealth.Options{}))
//
// All five methods of health.Sink are kept, with the labels in braces:
//
//	health_events_total{job,event}                  counter    EmitEvent
//	health_event_errors_total{job,event}            counter    EmitEventErr
//	health_timing_seconds{job,event}                histogram  EmitTiming
//	health_gauge{job,event}                         gauge      EmitGauge
//	health_completions_total{job,status}            counter    EmitComplete
//	health_completion_duration_seconds{job,status}  histogram  EmitComplete
//
// The key-value pairs of an event are no labels unless [Options.Keys] lists them:
// they tend to have a value per request. [Options.Timings] gives timings of a kind
// a histogram of their own; [Tyk] has those of Tyk's gateway.
package tykhealth
