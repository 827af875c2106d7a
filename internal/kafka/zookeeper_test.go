package kafka

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
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

// A server that is silent holds up none of the others.
func TestAskServersAtOnce(t *testing.T) {
	addresses := []string{"zk1:2181", "zk2:2181", "zk3:2181"}
	serves := answering(map[string]string{"srvr": srvrAnswer})
	var dialled sync.WaitGroup
	dialled.Add(len(addresses))
	var once sync.Map
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if _, again := once.LoadOrStore(address, true); !again {
			dialled.Done()
		}
		dialled.Wait() // for ever, where one is asked after the other
		if address == "zk2:2181" {
			return nil, errors.New("no route")
		}
		return serves(ctx, network, address)
	}
	for i, a := range AskServers(t.Context(), dial, addresses) {
		if a.Address != addresses[i] || (a.Err != nil) != (i == 1) || a.Err == nil && a.Mode != ModeLeader {
			t.Errorf("answer %d is %+v", i, a)
		}
	}
}

func TestSynced(t *testing.T) {
	tests := []struct {
		metric string
		want   int
		told   bool
	}{{"2", 2, true}, {"2.0", 2, true}, {"", 0, false}, {"many", 0, false}}
	for _, tt := range tests {
		s := Server{Metrics: map[string]string{"zk_synced_followers": tt.metric}}
		if got, told := s.Synced(); got != tt.want || told != tt.told {
			t.Errorf("%q: %d, %v", tt.metric, got, told)
		}
	}
	if _, told := (Server{}).Synced(); told {
		t.Error("without mntr it is told")
	}
}

func TestParticipants(t *testing.T) {
	all := []Answer{{Server: Server{Mode: ModeLeader}}, {Server: Server{Mode: ModeFollower}}, {Server: Server{Mode: ModeObserver}}, {Err: errors.New("no route")}}
	if got := Participants(all); got != 3 {
		t.Errorf("%d participants, want 3", got)
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
