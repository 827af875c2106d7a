// Package logs reads the logs of many hosts: what is wanted is chosen on the hosts, by a script for a POSIX shell, and
// merged here by time. However much there is to read, little of it is held at a time.
package logs

import (
	"context"
	"io"
	"time"
)

// Names are the log files of a Kafka broker.
var names = []string{"server.log", "state-change.log", "kafka-request.log", "log-cleaner.log", "controller.log", "kafka-authorizer.log"}

// Names returns the names of the log files of a Kafka broker.
func Names() []string { return append([]string(nil), names...) }

// All stands for every entry, where the number of the last ones can be given.
const All = -1

// A Query says what is wanted.
type Query struct {
	Last   int       // so many of the last entries of each file, or All
	Since  time.Time // entries from then on; zero for all
	Level  string    // entries of this level and above; "" for all
	Grep   string    // entries with a line that matches, as Pattern makes it; "" for all
	Follow bool      // go on with what is written from now on
}

// A Streamer is a host, as far as logs are concerned: see remote.Host.
type Streamer interface {
	Stream(ctx context.Context, what, script string) (io.ReadCloser, error)
}

// A Source is one file on one host.
type Source struct {
	Host string
	Path string
	// Connect gives the host, where that is possible. It is called again after the host was lost.
	Connect func(ctx context.Context) (Streamer, error)
}

// An Entry is what was logged at one time: a line, and those that follow it without a time of their own.
type Entry struct {
	Source *Source
	Time   time.Time // by the host's clock and zone; zero in a file without times
	Level  string    // "" where there is none
	Text   string    // without the last end of line

	beat bool // no entry: the source has nothing that is older
}

// A Sink takes entries in their order.
type Sink interface {
	Entry(e Entry) error
	// Flush is called when no more entries come for now.
	Flush() error
}

// A Failure is why a source could not be read to its end.
type Failure struct {
	Source *Source
	Err    error
}

// levels are log4j's, the least first.
var levels = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

// Levels returns the names of the levels, the least first.
func Levels() []string { return append([]string(nil), levels...) }
