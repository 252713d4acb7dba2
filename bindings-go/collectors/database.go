package collectors

import (
	"database/sql"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// NewDBStatsCollector shows the connection pool of db as go_sql_*{db_name}.
func NewDBStatsCollector(db *sql.DB, dbName string) tykmetrics.Collector {
	c := &dbStats{db: db}
	add := func(kind tykmetrics.ValueType, name, help string, read func(sql.DBStats) float64) {
		desc := tykmetrics.NewDesc("go_sql_"+name, help, nil, tykmetrics.Labels{"db_name": dbName})
		c.metrics = append(c.metrics, dbMetric{desc, kind, read})
	}
	gauge, counter := tykmetrics.GaugeValue, tykmetrics.CounterValue
	add(gauge, "max_open_connections", "Maximum number of open connections to the database.",
		func(s sql.DBStats) float64 { return float64(s.MaxOpenConnections) })
	add(gauge, "open_connections", "The number of established connections both in use and idle.",
		func(s sql.DBStats) float64 { return float64(s.OpenConnections) })
	add(gauge, "in_use_connections", "The number of connections currently in use.",
		func(s sql.DBStats) float64 { return float64(s.InUse) })
	add(gauge, "idle_connections", "The number of idle connections.",
		func(s sql.DBStats) float64 { return float64(s.Idle) })
	add(counter, "wait_count_total", "The total number of connections waited for.",
		func(s sql.DBStats) float64 { return float64(s.WaitCount) })
	add(counter, "wait_duration_seconds_total", "The total time blocked waiting for a new connection.",
		func(s sql.DBStats) float64 { return s.WaitDuration.Seconds() })
	add(counter, "max_idle_closed_total", "The total number of connections closed due to SetMaxIdleConns.",
		func(s sql.DBStats) float64 { return float64(s.MaxIdleClosed) })
	add(counter, "max_idle_time_closed_total", "The total number of connections closed due to SetConnMaxIdleTime.",
		func(s sql.DBStats) float64 { return float64(s.MaxIdleTimeClosed) })
	add(counter, "max_lifetime_closed_total", "The total number of connections closed due to SetConnMaxLifetime.",
		func(s sql.DBStats) float64 { return float64(s.MaxLifetimeClosed) })
	return c
}

type dbStats struct {
	db      *sql.DB
	metrics []dbMetric
}

type dbMetric struct {
	desc *tykmetrics.Desc
	kind tykmetrics.ValueType
	read func(sql.DBStats) float64
}

// Describe sends all descriptions.
func (c *dbStats) Describe(to chan<- *tykmetrics.Desc) {
	for _, m := range c.metrics {
		to <- m.desc
	}
}

// Collect sends the numbers of one moment.
func (c *dbStats) Collect(to chan<- tykmetrics.Metric) {
	stats := c.db.Stats()
	for _, m := range c.metrics {
		to <- tykmetrics.MustNewConstMetric(m.desc, m.kind, m.read(stats))
	}
}
