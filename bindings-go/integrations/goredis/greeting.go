package tykredis

import (
	"strings"

	"github.com/redis/go-redis/v9"
)

// greets says whether a command is one that go-redis sends by itself when a connection
// opens. Servers refuse some of them as a matter of course, and nobody waits for them
// but the operation that needed the connection, whose time they are in.
func greets(cmd redis.Cmder) bool {
	switch cmd.Name() {
	case "hello", "auth", "select", "readonly":
		return true
	case "client":
		args := cmd.Args()
		if len(args) < 2 {
			return false
		}
		what, _ := args[1].(string)
		switch strings.ToLower(what) {
		case "setinfo", "setname", "tracking", "maint_notifications":
			return true
		}
	}
	return false
}

func allGreet(cmds []redis.Cmder) bool {
	for _, cmd := range cmds {
		if !greets(cmd) {
			return false
		}
	}
	return true
}
