package ssh

import (
	"sync"
	"sync/atomic"
	"time"
)

// burst is how much is sent to a process before sshd is asked whether it has got so far.
const burst = 128 << 10

// far is how long the quickest answer takes where the line itself keeps the sender back.
const far = 10 * time.Millisecond

// mostPaced is how much of a stream is sent at this pace. What is longer fills the buffer once, for all its
// time, and the questions would cost more than that: two gigabytes took a third longer with them.
const mostPaced = 64 << 20

// A pace keeps a sender from running away from sshd. What the process does not take in time, sshd
// keeps in a buffer, up to the channel's window of 2 MB. It enlarges the buffer packet by packet and
// moves all of it each time, which costs the host more than all else that it does for a file of
// some megabytes. So the sender waits until what it sent one burst ago has been answered for, unless
// the line is long: there the window must be full, and sshd is in no hurry.
type pace struct {
	mu       sync.Mutex    // for one sender after the other: the script, then its input
	sent     int           // since the last question
	bursts   int           // all of them
	answered chan struct{} // closed by the answer to the last question
	quickest atomic.Int64  // of all answers, in nanoseconds; 0 before the first
}

// Write sends to the process.
func (p *process) Write(b []byte) (int, error) {
	p.pace.mu.Lock()
	defer p.pace.mu.Unlock()
	written := 0
	for len(b) > 0 {
		n, err := p.ch.Write(b[:min(len(b), burst-p.pace.sent)])
		written += n
		if err != nil {
			return written, err
		}
		b = b[n:]
		if p.pace.sent += n; p.pace.sent == burst {
			p.pace.sent = 0
			if p.pace.bursts++; p.pace.bursts <= mostPaced/burst {
				p.keepPace()
			}
		}
	}
	return written, nil
}

// keepPace waits for the last answer and asks again. No server knows the request, and each has to
// say so, after it has taken what was sent before.
func (p *process) keepPace() {
	if p.pace.answered != nil {
		select {
		case <-p.pace.answered:
		default:
			if p.pace.quickest.Load() > int64(far) {
				return
			}
			<-p.pace.answered
		}
	}
	answered, began := make(chan struct{}), time.Now()
	p.pace.answered = answered
	go func() {
		_, _ = p.ch.SendRequest("keepalive@openssh.com", true, nil) // an error is the next write's
		took := int64(time.Since(began))
		if quickest := p.pace.quickest.Load(); quickest == 0 || took < quickest {
			p.pace.quickest.Store(took)
		}
		close(answered)
	}()
}
