package kafkaloglevel

import (
	"testing"

	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

// What a broker does with its loggers, only real brokers show: the lab's tests.
func TestFileAlone(t *testing.T) {
	args := moduletest.Args
	debug := args("kafka.request.logger", "debug")
	const path = "/etc/kafka/log4j.properties"
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "nowhere", Args: args("loggers", debug), Err: "broker: "},
		{Name: "no level", Args: args("loggers", args("kafka", "LOUD"), "file", path), Err: "loggers: kafka: "},
		{Name: "no name", Args: args("loggers", args("a b", "INFO"), "file", path), Err: "loggers: "},
		{Name: "none", Args: args("loggers", args(), "file", path), Err: "loggers: "},
		{Name: "another kind of file", Args: args("loggers", debug, "file", "/etc/kafka/log4j.xml"), Err: "file: "},
		{Name: "not absolute", Args: args("loggers", debug, "file", "log4j.properties"), Err: "file: "},
		{Name: "no such file", Args: args("loggers", debug, "file", path), Err: "file: " + path},
		{Name: "written", Setup: func(h *remotetest.Host) { h.AddFile(path, log4j, 0o644) }, Args: args("loggers", debug, "file", path),
			Check: func(t *testing.T, h *remotetest.Host, _ *value.Map) {
				text, _ := h.Content(path)
				if got := changed(log4j, text); got != "-log4j.logger.kafka.request.logger = WARN, requestAppender\n+# set by kops, before: WARN\n+log4j.logger.kafka.request.logger = DEBUG, requestAppender\n" {
					t.Errorf("changed\n%s", got)
				}
			}},
		{Name: "default", Setup: func(h *remotetest.Host) { h.AddFile(path, log4j, 0o644) }, Args: args("loggers", debug, "file", path, "state", "default"), Unchanged: true},
	})
}
