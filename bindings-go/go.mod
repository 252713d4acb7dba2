module github.com/tykmetrics/tykmetrics/bindings-go

go 1.24
