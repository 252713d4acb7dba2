package tykmetrics

import (
	"fmt"
	"strings"
)

// MultiError is several errors as one.
type MultiError []error

// Append adds err, unless it is nil.
func (errs *MultiError) Append(err error) {
	if err != nil {
		*errs = append(*errs, err)
	}
}

// Error lists the messages.
func (errs MultiError) Error() string {
	if len(errs) == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d error(s) occurred:", len(errs))
	for _, err := range errs {
		fmt.Fprintf(&text, "\n* %s", err)
	}
	return text.String()
}

// Unwrap lets errors.Is and errors.As see all.
func (errs MultiError) Unwrap() []error { return errs }

// MaybeUnwrap is nil if there is no error, the error if there is one, and else all.
func (errs MultiError) MaybeUnwrap() error {
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return errs
}
