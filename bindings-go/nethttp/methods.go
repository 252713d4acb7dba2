package nethttp

import "net/http"

// methods numbers the methods that have a label value of their own. Number 0 is
// [Other].
type methods []string

func knownMethods(extra []string) methods {
	return append(methods{
		Other, http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodHead, http.MethodOptions, http.MethodConnect, http.MethodTrace,
	}, extra...)
}

func (m methods) number(method string) int {
	if method == "" {
		// An empty method means GET in a client's request.
		return 1
	}
	for i := 1; i < len(m); i++ {
		if m[i] == method {
			return i
		}
	}
	return 0
}
