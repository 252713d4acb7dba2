package tykmetrics

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// WriteToTextfile writes the metrics as text to a file, for the node exporter's textfile collector. The file is replaced
// at once: whoever reads it finds the old metrics or the new ones, and never a part.
func WriteToTextfile(filename string, g Gatherer) error {
	// In the same directory, since a rename does not cross file systems.
	file, err := os.CreateTemp(filepath.Dir(filename), filepath.Base(filename))
	if err != nil {
		return err
	}
	// What a collector could not tell is an error here too, and then the file stays as it was.
	err = g.registry().Render(file, "text")
	// Temporary files are for their owner alone; the collector is often another user.
	if err = errors.Join(err, file.Chmod(0o644), file.Close()); err == nil {
		err = os.Rename(file.Name(), filename)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// NewMetricWithTimestamp is m, for Collectors that know when a number was taken. The moment is not shown: in every format,
// a metric is of the moment of its scrape.
func NewMetricWithTimestamp(_ time.Time, m Metric) Metric { return m }
