package posix

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	godbus "github.com/godbus/dbus/v5"
)

// The daemon hears all that a client says before its first answer, and that answer, without having said
// a word: nothing is waited for but the answer.
func TestBusGreeting(t *testing.T) {
	client, daemon := net.Pipe()
	defer client.Close()
	heard := make(chan string, 1)
	go func() {
		in := bufio.NewReader(daemon)
		said := ""
		for !strings.HasSuffix(said, "BEGIN\r\n") {
			line, err := in.ReadString('\n')
			if err != nil {
				break
			}
			said += line
		}
		var calls []*godbus.Message
		for range 2 {
			m, err := godbus.DecodeMessage(in)
			if err != nil {
				break
			}
			calls = append(calls, m)
			said += m.Headers[godbus.FieldMember].String()
		}
		heard <- said
		_, _ = daemon.Write([]byte("DATA\r\nOK 0123456789abcdef\r\n"))
		for i, m := range calls {
			answer := &godbus.Message{Type: godbus.TypeMethodReply, Headers: map[godbus.HeaderField]godbus.Variant{
				godbus.FieldReplySerial: godbus.MakeVariant(m.Serial()), godbus.FieldSignature: godbus.MakeVariant(godbus.SignatureOf(""))},
				Body: []any{[]string{":1.7", "answer"}[i]}}
			_ = answer.EncodeTo(daemon, binary.LittleEndian)
		}
	}()
	conn, err := newBusConn(client)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.BusObject().Go("org.freedesktop.DBus.Hello", 0, make(chan *godbus.Call, 1))
	var answer string
	if err := conn.BusObject().Call("org.example.Ask", 0).Store(&answer); err != nil || answer != "answer" {
		t.Errorf("%q, %v", answer, err)
	}
	if said, want := <-heard, "\x00AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n\"Hello\"\"Ask\""; said != want {
		t.Errorf("the daemon heard %q, want %q", said, want)
	}
}

// A daemon that refuses is an error, not a silence.
func TestBusRefuses(t *testing.T) {
	client, daemon := net.Pipe()
	defer client.Close()
	go func() {
		in := bufio.NewReader(daemon)
		for range 3 {
			_, _ = in.ReadString('\n')
		}
		go func() { _, _ = in.WriteTo(io.Discard) }()
		_, _ = daemon.Write([]byte("REJECTED KERBEROS\r\n"))
	}()
	conn, err := newBusConn(client)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.BusObject().Call("org.example.Ask", 0).Err; err == nil {
		t.Error("there is no error")
	}
}
