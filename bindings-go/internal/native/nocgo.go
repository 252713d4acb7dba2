//go:build !cgo

package native

// Without cgo there is nothing to build here, and the compiler says this one name.
var _ = tykmetrics_needs_cgo_and_libtykmetrics__set_CGO_ENABLED_1_and_have_a_C_compiler
