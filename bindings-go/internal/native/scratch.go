//go:build cgo

package native

import (
	"strings"
	"unsafe"
)

// scratch is memory of C for the texts and arrays of one call: C may not be given Go's memory with pointers in it.
type scratch struct{ blocks []unsafe.Pointer }

// str is laid out like tyk_str, and two of them like tyk_label.
type str struct {
	data unsafe.Pointer
	len  uintptr
}

// take is zeroed memory.
func (s *scratch) take(size uintptr) unsafe.Pointer {
	block := allocate(size)
	s.blocks = append(s.blocks, block)
	return block
}

func (s *scratch) free() {
	for _, block := range s.blocks {
		release(block)
	}
}

// ended is a text that ends in NUL. One that holds a NUL would end early and mean another, so C is given a byte instead
// that is no UTF-8, and refuses it.
func (s *scratch) ended(text string) unsafe.Pointer {
	if strings.IndexByte(text, 0) >= 0 {
		text = "\xff"
	}
	block := s.take(uintptr(len(text)) + 1)
	copy(unsafe.Slice((*byte)(block), len(text)), text)
	return block
}

// texts is an array of tyk_str with the texts behind it.
func (s *scratch) texts(values []string) unsafe.Pointer {
	if len(values) == 0 {
		return nil
	}
	at := uintptr(len(values)) * unsafe.Sizeof(str{})
	size := at
	for _, value := range values {
		size += uintptr(len(value))
	}
	// A byte more, so that an empty text at the end points into the block too.
	block := s.take(size + 1)
	for i, value := range values {
		unsafe.Slice((*str)(block), len(values))[i] = str{unsafe.Add(block, at), uintptr(len(value))}
		at += uintptr(copy(unsafe.Slice((*byte)(unsafe.Add(block, at)), len(value)), value))
	}
	return block
}

// list is an array of texts that end in NUL. nil stays nil, an empty list does not.
func (s *scratch) list(texts []string) unsafe.Pointer {
	if texts == nil {
		return nil
	}
	block := s.take(uintptr(len(texts)+1) * unsafe.Sizeof(unsafe.Pointer(nil)))
	for i, text := range texts {
		unsafe.Slice((*unsafe.Pointer)(block), len(texts))[i] = s.ended(text)
	}
	return block
}

// doubles is an array of numbers. nil stays nil, an empty one does not.
func (s *scratch) doubles(values []float64) unsafe.Pointer {
	if values == nil {
		return nil
	}
	block := s.take(uintptr(len(values)+1) * unsafe.Sizeof(float64(0)))
	copy(unsafe.Slice((*float64)(block), len(values)), values)
	return block
}
