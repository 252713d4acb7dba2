package tykmetrics

// Name is the metric's name, with its namespace and subsystem.
func (d *Desc) Name() string { return d.fqName }
