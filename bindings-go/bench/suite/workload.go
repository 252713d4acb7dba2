package suite

import (
	"math"
	"math/rand/v2"
	"strconv"
)

// values are 1024 latencies in seconds around 8 ms, as requests have them
// (log-normal), the same in every run.
var values = func() (v [1024]float64) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range v {
		v[i] = 0.008 * math.Exp(random.NormFloat64())
	}
	return v
}()

// sets are 64 label sets: method, route, status.
var sets = func() (s [64][3]string) {
	methods := [...]string{"GET", "POST", "PUT", "DELETE"}
	routes := [...]string{"/users/{id}", "/orders", "/orders/{id}/items", "/login"}
	statuses := [...]string{"200", "201", "404", "500"}
	for i, at := range rand.New(rand.NewPCG(3, 4)).Perm(len(s)) {
		s[i] = [3]string{methods[at%4], routes[at/4%4], statuses[at/16]}
	}
	return s
}()

// many calls with for each of 100,000 label sets.
func many(with func(api, method, status string)) {
	for api := range 1000 {
		for method := range 10 {
			for status := range 10 {
				with("api-"+strconv.Itoa(api), "method-"+strconv.Itoa(method), strconv.Itoa(200+status))
			}
		}
	}
}

var labelNames = []string{"method", "route", "status"}
var manyNames = []string{"api", "method", "status"}
