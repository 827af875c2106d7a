package ssh

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"
)

// A paced is a channel whose server answers for what it got only when it is told to.
type paced struct {
	ssh.Channel
	got     bytes.Buffer
	answers chan bool
}

func (c *paced) Write(b []byte) (int, error) { return c.got.Write(b) }

func (c *paced) SendRequest(string, bool, []byte) (bool, error) {
	return <-c.answers, nil
}

func TestPace(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789abcdef"), 5*burst/16)
	synctest.Test(t, func(t *testing.T) {
		c := &paced{answers: make(chan bool)}
		p := &process{ch: c}
		done := make(chan error, 1)
		go func() {
			n, err := p.Write(text)
			if n != len(text) {
				t.Errorf("%d bytes written", n)
			}
			done <- err
		}()
		for answered := range 3 {
			synctest.Wait()
			if c.got.Len() != (answered+2)*burst {
				t.Errorf("%d bytes sent after %d answers", c.got.Len(), answered)
			}
			c.answers <- false
		}
		synctest.Wait()
		c.answers <- false
		if err := <-done; err != nil || !bytes.Equal(c.got.Bytes(), text) {
			t.Errorf("%d bytes came, error %v", c.got.Len(), err)
		}
		c.answers <- false // the last question, which nobody waits for
	})
}

func TestPaceOfALongLine(t *testing.T) {
	text := make([]byte, 8*burst)
	synctest.Test(t, func(t *testing.T) {
		c := &paced{answers: make(chan bool)}
		p := &process{ch: c}
		done := make(chan error, 1)
		go func() {
			_, err := p.Write(text)
			done <- err
		}()
		time.Sleep(2 * far) // the line's own delay, of the test's clock
		c.answers <- false
		if err := <-done; err != nil || c.got.Len() != len(text) {
			t.Errorf("%d bytes sent after one answer, error %v", c.got.Len(), err)
		}
		c.answers <- false
	})
}
