package ssh

import (
	"net"
	"sync/atomic"
	"time"
)

// An ear is a connection that counts what it hears.
type ear struct {
	net.Conn
	heard atomic.Int64
}

// Read reads and counts.
func (e *ear) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	e.heard.Add(int64(n))
	return n, err
}

// keepAlive asks the host for a sign of life each time the interval is over, and ends the
// connection when for count intervals there was neither an answer nor anything else: on a slow
// network the question stands in line behind an upload.
func (l *link) keepAlive(every time.Duration, count int) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	answers := make(chan error, 1)
	waiting, missed, heard := false, 0, int64(0)
	for {
		select {
		case <-l.lost:
			return
		case err := <-answers:
			if err != nil {
				return
			}
			waiting, missed = false, 0
		case <-ticker.C:
			if now := l.ear.heard.Load(); now != heard {
				missed, heard = 0, now
			} else if waiting {
				missed++
			}
			if waiting {
				if missed >= count {
					l.silent.Store(true)
					_ = l.conn.Close() // the connection is given up
					return
				}
				continue
			}
			waiting = true
			go func() {
				_, _, err := l.conn.SendRequest("keepalive@openssh.com", true, nil)
				answers <- err
			}()
		}
	}
}
