package kafka

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

const srvrAnswer = "Zookeeper version: 3.8.4-9316c2a7a97e1666d8f4593f34dd6fc36ecc436c, built on 2024-02-12 22:16 UTC\n" +
	"Latency min/avg/max: 0/0.0/0\nReceived: 2\nSent: 1\nConnections: 1\nOutstanding: 0\nZxid: 0x100000000\nMode: leader\nNode count: 5\n"

// answering is a dial function to a server that answers each four-letter word as told.
func answering(answers map[string]string) DialAddress {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			word := make([]byte, 4)
			if _, err := io.ReadFull(bufio.NewReader(theirs), word); err != nil {
				return
			}
			answer, ok := answers[string(word)]
			if !ok {
				answer = string(word) + " is not executed because it is not in the whitelist.\n"
			}
			_, _ = io.WriteString(theirs, answer)
		}()
		return ours, nil
	}
}

func TestAskServer(t *testing.T) {
	tests := []struct {
		name    string
		answers map[string]string
		mode    Mode
		synced  string
		err     string
	}{
		{name: "leader", answers: map[string]string{"srvr": srvrAnswer, "mntr": "zk_version\t3.8.4\nzk_synced_followers\t2\n"}, mode: "leader", synced: "2"},
		{name: "mntr not allowed", answers: map[string]string{"srvr": srvrAnswer}, mode: "leader"},
		{name: "no quorum", answers: map[string]string{"srvr": "This ZooKeeper instance is not currently serving requests\n"}, err: "no quorum"},
		{name: "nothing allowed", err: "whitelist"},
		{name: "something else", answers: map[string]string{"srvr": "HTTP/1.1 400 Bad Request\r\n"}, err: "names no mode"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, err := AskServer(context.Background(), answering(tt.answers), "zk1:2181")
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), "zk1:2181") {
					t.Errorf("error %v, want %q and the address", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if server.Mode != tt.mode || server.Version != "3.8.4" || server.Metrics["zk_synced_followers"] != tt.synced {
				t.Errorf("server %+v", server)
			}
		})
	}
}

func TestWordStopsWithItsContext(t *testing.T) {
	silent := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		return ours, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Word(ctx, silent, "zk1:2181", "srvr"); err == nil || errors.Is(err, ErrNotWhitelisted) {
		t.Errorf("error %v", err)
	}
}
