package kafka

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ErrNotWhitelisted is a ZooKeeper server's refusal of a four-letter word: since 3.5.3 only
// srvr is allowed by default (4lw.commands.whitelist).
var ErrNotWhitelisted = errors.New("not in the server's 4lw.commands.whitelist")

// A Mode is a ZooKeeper server's part in the ensemble.
type Mode string

// The modes.
const (
	ModeLeader     Mode = "leader"
	ModeFollower   Mode = "follower"
	ModeObserver   Mode = "observer" // without a vote
	ModeStandalone Mode = "standalone"
)

// A Server is what a ZooKeeper server says of itself.
type Server struct {
	Version     string
	Mode        Mode
	Connections string
	Outstanding string
	Zxid        string
	Latency     string // least, mean and most, in milliseconds
	Nodes       string
	Metrics     map[string]string // of mntr; nil where the server does not allow it
}

// Synced returns how many followers are in sync with a leader; false where it does not tell. Observers are none of them.
func (s Server) Synced() (int, bool) {
	n, err := strconv.Atoi(strings.TrimSuffix(s.Metrics["zk_synced_followers"], ".0"))
	return n, err == nil
}

// DialAddress opens a connection, as net.Dialer.DialContext does.
type DialAddress func(ctx context.Context, network, address string) (net.Conn, error)

// maxWordAnswer limits what is read of an answer.
const maxWordAnswer = 1 << 20

// Word sends a four-letter word to a ZooKeeper server and returns its answer.
func Word(ctx context.Context, dial DialAddress, address, word string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, defaultCallTimeout)
	defer cancel()
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("ZooKeeper %s: %w", address, err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", fmt.Errorf("ZooKeeper %s: %w", address, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := io.WriteString(conn, word); err != nil {
		return "", fmt.Errorf("ZooKeeper %s: %s: %w", address, word, err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, maxWordAnswer))
	// A server closes hard after its answer, which may arrive as a reset.
	if err != nil && len(answer) == 0 {
		return "", fmt.Errorf("ZooKeeper %s: %s: %w", address, word, err)
	}
	text := string(answer)
	if strings.Contains(text, "is not in the whitelist") || strings.Contains(text, "is not executed because") {
		return "", fmt.Errorf("ZooKeeper %s: %s: %w", address, word, ErrNotWhitelisted)
	}
	return text, nil
}

// AskServer asks a ZooKeeper server for its mode, and for its metrics where it tells them.
func AskServer(ctx context.Context, dial DialAddress, address string) (Server, error) {
	text, err := Word(ctx, dial, address, "srvr")
	if err != nil {
		return Server{}, err
	}
	server, err := parseSrvr(text)
	if err != nil {
		return Server{}, fmt.Errorf("ZooKeeper %s: %w", address, err)
	}
	text, err = Word(ctx, dial, address, "mntr")
	switch {
	case errors.Is(err, ErrNotWhitelisted):
	case err != nil:
		return Server{}, err
	default:
		server.Metrics = parseMntr(text)
	}
	return server, nil
}

// An Answer is what one server of several says, or why it does not answer.
type Answer struct {
	Server
	Address string
	Err     error
}

// AskServers asks ZooKeeper servers, all at once. The answers are in their order.
func AskServers(ctx context.Context, dial DialAddress, addresses []string) []Answer {
	answers := make([]Answer, len(addresses))
	var wait sync.WaitGroup
	for i, address := range addresses {
		wait.Go(func() {
			server, err := AskServer(ctx, dial, address)
			answers[i] = Answer{server, address, err}
		})
	}
	wait.Wait()
	return answers
}

// Participants counts the servers that have a vote: all but the observers. One that does not answer counts.
func Participants(answers []Answer) int {
	count := 0
	for _, a := range answers {
		if a.Err != nil || a.Mode != ModeObserver {
			count++
		}
	}
	return count
}

func parseSrvr(text string) (Server, error) {
	if strings.Contains(text, "not currently serving requests") {
		return Server{}, ErrNoQuorum
	}
	var s Server
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		key, val, ok := strings.Cut(lines.Text(), ":")
		if !ok {
			continue
		}
		val = strings.TrimSpace(val)
		switch strings.TrimSpace(key) {
		case "Zookeeper version":
			s.Version, _, _ = strings.Cut(val, "-")
		case "Mode":
			s.Mode = Mode(val)
		case "Connections":
			s.Connections = val
		case "Outstanding":
			s.Outstanding = val
		case "Zxid":
			s.Zxid = val
		case "Latency min/avg/max":
			s.Latency = val
		case "Node count":
			s.Nodes = val
		}
	}
	if s.Mode == "" {
		return Server{}, fmt.Errorf("the answer to srvr names no mode: %.80q", text)
	}
	return s, nil
}

func parseMntr(text string) map[string]string {
	metrics := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		if key, val, ok := strings.Cut(line, "\t"); ok {
			metrics[key] = strings.TrimSpace(val)
		}
	}
	return metrics
}
