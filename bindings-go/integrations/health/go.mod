module github.com/tykmetrics/tykmetrics/bindings-go/integrations/health

go 1.24

require (
	github.com/gocraft/health v0.0.0-20170925182251-8675af27fef0
	github.com/tykmetrics/tykmetrics/bindings-go v0.1.0
)

require github.com/stretchr/testify v1.12.1 // indirect

// The module beside this one while both are developed. A module that requires
// this one does not see the line.
replace github.com/tykmetrics/tykmetrics/bindings-go => ../..
