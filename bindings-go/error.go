package tykmetrics

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// Code is the stable number of a kind of failure. It is itself an error, so that errors.Is tells whether an error is of
// that kind:
//
//	if errors.Is(err, tykmetrics.Conflict) { … }
//
// Of the errors of other packages errors.Is knows two: syscall.EADDRINUSE, which is AddressInUse, and fs.ErrPermission,
// which is PermissionDenied. What the system said is in the message alone: the engine hands on its text, not its number.
type Code uint32

// The kinds of failures. The numbers are the same through every door of the engine, and never used again.
const (
	// InvalidName: a metric name that is empty, or not allowed by the registry's rule for names.
	InvalidName Code = 1
	// InvalidLabel: a label name that is empty, reserved, repeated or not allowed by the rule for names.
	InvalidLabel Code = 2
	// InvalidBuckets: a bucket list that is empty, unsorted, repeated or not finite.
	InvalidBuckets Code = 3
	// InvalidOption: an option whose value is out of its range.
	InvalidOption Code = 4
	// Conflict: the name is taken by a family of another kind, with other labels or of another shape.
	Conflict Code = 5
	// LabelCount: the number of label values is not the number of label names.
	LabelCount Code = 6
	// NotFound: a label, a state, a series or a family that does not exist.
	NotFound Code = 7
	// InvalidExemplar: an exemplar with too much text, or with an invalid label.
	InvalidExemplar Code = 8
	// InvalidText: a text (a format's name, a header) that cannot be read.
	InvalidText Code = 9
	// Sink: who took the bytes of a render refused some.
	Sink Code = 10
	// Platform: the platform refused something that was needed, memory or a file under /proc.
	Platform Code = 11
	// NullPointer: the C door was given no object where it needs one. This module never does that.
	NullPointer Code = 12
	// Panic: the engine failed inside, which ended the call and nothing else.
	Panic Code = 13
	// ABI: the library is not the one that the module was built with.
	ABI Code = 14
	// Disabled: the configuration of a server says not to serve.
	Disabled Code = 15
	// InvalidConfig: a setting of a server that nobody knows, or whose value no server can have. A file with a password or a
	// token that cannot be read is one too, with its path and why in the message.
	InvalidConfig Code = 16
	// InvalidAddress: a server's host name or address that is none.
	InvalidAddress Code = 17
	// AddressInUse: somebody listens already where a server should. errors.Is knows it as syscall.EADDRINUSE too.
	AddressInUse Code = 18
	// AddressNotAvailable: a server's address that is not of this machine.
	AddressNotAvailable Code = 19
	// PermissionDenied: the process may not listen where a server should. errors.Is knows it as fs.ErrPermission too.
	PermissionDenied Code = 20
	// TLSRequired: TLS is required of a server that has no certificate.
	TLSRequired Code = 21
	// Unreadable: a file of certificates or a key that cannot be read. The message has its path and why, in the system's
	// words; errors.Is does not know it as fs.ErrNotExist or fs.ErrPermission.
	Unreadable Code = 22
	// InvalidCertificate: a file that is no certificate, or no key.
	InvalidCertificate Code = 23
	// CertificateExpired: a certificate that is not valid any more, or not yet.
	CertificateExpired Code = 24
	// KeyMismatch: a key that is not its certificate's.
	KeyMismatch Code = 25
	// Unsupported: something that the library was built without, such as the server.
	Unsupported Code = 26
)

var codeNames = map[Code]string{
	InvalidName: "invalid_name", InvalidLabel: "invalid_label", InvalidBuckets: "invalid_buckets", InvalidOption: "invalid_option",
	Conflict: "conflict", LabelCount: "label_count", NotFound: "not_found", InvalidExemplar: "invalid_exemplar",
	InvalidText: "invalid_text", Sink: "sink", Platform: "platform",
	NullPointer: "null_pointer", Panic: "panic", ABI: "abi",
	Disabled: "disabled", InvalidConfig: "invalid_config", InvalidAddress: "invalid_address", AddressInUse: "address_in_use",
	AddressNotAvailable: "address_not_available", PermissionDenied: "permission_denied", TLSRequired: "tls_required",
	Unreadable: "unreadable", InvalidCertificate: "invalid_certificate", CertificateExpired: "certificate_expired",
	KeyMismatch: "key_mismatch", Unsupported: "unsupported",
}

// String is the name that every door shows: invalid_name, conflict, and so on.
func (c Code) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return fmt.Sprintf("code_%d", uint32(c))
}

// Error is String.
func (c Code) Error() string { return c.String() }

// Error is a failure of anything but a record, which has none.
type Error struct {
	// Code is what kind of failure it is.
	Code Code
	// Message names the metric, the rule and the way out.
	Message string
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Is says whether target is the error's code, or what package net says of the same.
func (e *Error) Is(target error) bool {
	switch target {
	case syscall.EADDRINUSE:
		return e.Code == AddressInUse
	case fs.ErrPermission:
		return e.Code == PermissionDenied
	}
	code, ok := target.(Code)
	return ok && code == e.Code
}

// failure is an error of the door as the module's own.
func failure(err error) error {
	if err == nil {
		return nil
	}
	var e *native.Error
	if errors.As(err, &e) {
		return &Error{Code: Code(e.Code), Message: e.Message}
	}
	return err
}

func fail(code Code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// must is for the constructors that panic with the error's message.
func must[T any](made T, err error) T {
	if err != nil {
		panic(err.Error())
	}
	return made
}
