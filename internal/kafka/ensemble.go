package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
)

// ErrNoQuorum is a ZooKeeper server that runs, and serves nobody.
var ErrNoQuorum = errors.New("the server runs but has no quorum")

const (
	connectConfig = "zookeeper.connect"
	zookeeperPort = "2181"
)

// EnsembleProblem tells that the ZooKeeper ensemble of the brokers serves nobody, so that a broker which is stopped now
// would not come back. "" if it serves, and where nobody tells: there is no ZooKeeper, zookeeper.connect is hidden from this
// login, or the servers allow no four-letter word, or speak TLS alone.
func (c *Client) EnsembleProblem(ctx context.Context, dial DialAddress) string {
	return ensembleProblem(ctx, dial, ensembleServers(c.ensemble(ctx)))
}

// ensemble asks the brokers for zookeeper.connect. They know it, and who they are, without ZooKeeper.
func (c *Client) ensemble(ctx context.Context) string {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	brokers, err := c.admin.ListBrokers(ctx)
	if err != nil {
		return ""
	}
	for _, b := range brokers {
		configs, err := c.admin.DescribeBrokerConfigs(ctx, b.NodeID)
		if err != nil {
			continue
		}
		for _, resource := range configs {
			for _, config := range resource.Configs {
				if config.Key == connectConfig && config.Value != nil {
					return *config.Value
				}
			}
		}
		return ""
	}
	return ""
}

// ensembleServers reads zookeeper.connect: host:port, …, and a chroot behind the last.
func ensembleServers(connect string) []string {
	hosts, _, _ := strings.Cut(connect, "/")
	var servers []string
	for host := range strings.SplitSeq(hosts, ",") {
		host = strings.TrimSpace(host)
		if host == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), zookeeperPort)
		}
		servers = append(servers, host)
	}
	return servers
}

// ensembleProblem asks the servers, all at once.
func ensembleProblem(ctx context.Context, dial DialAddress, servers []string) string {
	var mu sync.Mutex
	var wait sync.WaitGroup
	serves, idle, away := 0, 0, 0
	said := make([]string, len(servers))
	for i, address := range servers {
		wait.Go(func() {
			reached := false
			text, err := Word(ctx, func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				reached = err == nil
				return conn, err
			}, address, "srvr")
			if err == nil {
				_, err = parseSrvr(text)
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				serves++
				return
			case errors.Is(err, ErrNoQuorum):
				idle++
				err = fmt.Errorf("ZooKeeper %s: %w", address, err)
			case !reached:
				away++
			}
			said[i] = err.Error()
		})
	}
	wait.Wait()
	if serves > 0 || idle == 0 && away < len(servers) || len(servers) == 0 {
		return ""
	}
	return "ZooKeeper serves nobody, and a broker that is stopped would not come back: " + strings.Join(said, ", ")
}
