package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var dialer net.Dialer

func direct(ctx context.Context, _ int32, address string) (net.Conn, error) {
	return dialer.DialContext(ctx, "tcp", address)
}

// cutOff is direct, but for one address: on the way to it err happens.
func cutOff(lost string, err error) Dial {
	return func(ctx context.Context, broker int32, address string) (net.Conn, error) {
		if address == lost {
			return nil, err
		}
		return direct(ctx, broker, address)
	}
}

func describe(t *testing.T, fake *kfake.Cluster, o Options) (Cluster, error) {
	t.Helper()
	o.Bootstrap, o.CallTimeout = fake.ListenAddrs()[:1], 5*time.Second
	client, err := Open(direct, o)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	return client.Describe(context.Background())
}

func start(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	fake, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3), kfake.SeedTopics(2, "orders")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	return fake
}

func TestDescribe(t *testing.T) {
	c, err := describe(t, start(t, kfake.ClusterID("lab")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.ID != "lab" || len(c.Brokers) != 3 || c.KRaft || len(c.Partitions) != 2 {
		t.Errorf("cluster %+v", c)
	}
	if p := c.Partitions[1]; p.String() != "orders-1" || p.MinISR != 1 || p.Offline() {
		t.Errorf("partition %+v", p)
	}
	if problems := c.Problems(Criteria{BrokerCount: 3}); len(problems) > 0 {
		t.Errorf("problems %q", problems)
	}
}

func TestDescribeNamesTheBrokerThatDoesNotAnswer(t *testing.T) {
	fake := start(t)
	dead := fake.ListenAddrs()[2]
	dial := cutOff(dead, &net.OpError{Op: "dial", Net: "tcp", Err: net.UnknownNetworkError("killed")})
	client, err := Open(dial, Options{Bootstrap: fake.ListenAddrs()[:1], CallTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c, err := client.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(c.Problems(Criteria{}), "; ")
	if !strings.Contains(got, dead) || !strings.Contains(got, "does not answer") {
		t.Errorf("problems %q, want %s named", got, dead)
	}
}

// Whatever the way to one broker meets with, the others are asked.
func TestDescribeAsksTheOthers(t *testing.T) {
	fake := start(t)
	dial := cutOff(fake.ListenAddrs()[2], errors.New("its host is lost"))
	for range 10 { // each time the library begins with another broker
		client, err := Open(dial, Options{Bootstrap: fake.ListenAddrs()[:1], CallTimeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		c, err := client.Describe(context.Background())
		client.Close()
		if err != nil || c.Brokers[2].Err == nil || !strings.Contains(c.Brokers[2].Err.Error(), "its host is lost") {
			t.Fatalf("brokers %+v, error %v", c.Brokers, err)
		}
	}
}

func TestDescribeMinISR(t *testing.T) {
	fake := start(t)
	value := "2"
	fake.ControlKey(int16(kmsg.DescribeConfigs), func(request kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		response := request.ResponseKind().(*kmsg.DescribeConfigsResponse)
		resource := kmsg.NewDescribeConfigsResponseResource()
		resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, "orders"
		config := kmsg.NewDescribeConfigsResponseResourceConfig()
		config.Name, config.Value = minISRConfig, &value
		resource.Configs = append(resource.Configs, config)
		response.Resources = append(response.Resources, resource)
		return response, nil, true
	})
	c, err := describe(t, fake, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Partitions[0].MinISR; got != 2 {
		t.Errorf("min.insync.replicas %d, want 2", got)
	}
}

func TestSASL(t *testing.T) {
	for _, mechanism := range SASLMechanisms {
		t.Run(mechanism, func(t *testing.T) {
			fake := start(t, kfake.EnableSASL(), kfake.Superuser(mechanism, "kops", "right"))
			if _, err := describe(t, fake, Options{SASL: &SASL{Mechanism: mechanism, Username: "kops", Password: "right"}}); err != nil {
				t.Error(err)
			}
			_, err := describe(t, fake, Options{SASL: &SASL{Mechanism: mechanism, Username: "kops", Password: "wr0ng-secret"}})
			if err == nil || strings.Contains(err.Error(), "wr0ng-secret") {
				t.Errorf("a wrong password: %v", err)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	pair, ca := certificate(t)
	fake := start(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}}))
	tests := []struct {
		name string
		tls  TLS
		err  string
	}{
		{name: "trusted", tls: TLS{CA: ca}},
		{name: "not verified", tls: TLS{SkipVerify: true}},
		{name: "unknown authority", err: "is its authority in the file of tls_ca? tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		{name: "another name", tls: TLS{CA: ca, ServerName: "kafka9"}, err: "kafka9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := describe(t, fake, Options{TLS: &tt.tls})
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

// Each broker says that it is localhost: the number alone tells one from the other.
func TestBrokersThatAdvertiseOneAddress(t *testing.T) {
	fake := start(t)
	fake.ControlKey(int16(kmsg.Metadata), func(request kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		response := request.ResponseKind().(*kmsg.MetadataResponse)
		for id := range int32(3) {
			broker := kmsg.NewMetadataResponseBroker()
			broker.NodeID, broker.Host, broker.Port = id, "localhost", 9092
			response.Brokers = append(response.Brokers, broker)
		}
		return response, nil, true
	})
	var mu sync.Mutex
	dialled := map[int32]string{}
	dial := func(ctx context.Context, broker int32, address string) (net.Conn, error) {
		mu.Lock()
		dialled[broker] = address
		mu.Unlock()
		if broker >= 0 {
			address = fake.ListenAddrs()[broker]
		}
		return direct(ctx, broker, address)
	}
	client, err := Open(dial, Options{Bootstrap: fake.ListenAddrs()[:1], CallTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c, err := client.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for id := range int32(3) {
		if c.Brokers[id].Err != nil || dialled[id] != "localhost:9092" || c.Brokers[id].Address != "localhost:9092" {
			t.Errorf("broker %+v, dialled %v", c.Brokers[id], dialled)
		}
	}
}

func TestWhatCannotBeReachedIsNamed(t *testing.T) {
	fake := start(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "kops", "right"))
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	tests := []struct {
		name string
		o    Options
		want []string
	}{
		{"nobody listens", Options{Bootstrap: []string{"127.0.0.1:1"}}, []string{"127.0.0.1:1", "connection refused"}},
		{"accepts and never answers", Options{Bootstrap: []string{silent.Addr().String()}}, []string{silent.Addr().String(), "no answer", "within 1s"}},
		{"a wrong password", Options{Bootstrap: fake.ListenAddrs()[:1], SASL: &SASL{Mechanism: "PLAIN", Username: "kops", Password: "wr0ng"}},
			[]string{fake.ListenAddrs()[0], "refuses the login (PLAIN as kops)"}},
		{"no login where one is needed", Options{Bootstrap: fake.ListenAddrs()[:1]}, []string{fake.ListenAddrs()[0], "security_protocol"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.CallTimeout = time.Second
			client, err := Open(direct, tt.o)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			_, err = client.Describe(context.Background())
			for _, part := range tt.want {
				if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "wr0ng") {
					t.Errorf("error %v, want %q", err, part)
				}
			}
			t.Log(err)
		})
	}
}

// One broker is reached, and a later request needs another, which is not.
func TestTheBrokerThatIsNotReachedIsNamed(t *testing.T) {
	fake := start(t)
	away := fake.ListenAddrs()[2]
	tests := []struct {
		name string
		wait func(ctx context.Context) // before it fails
		want string
	}{
		{"at once", func(context.Context) {}, "no route"},
		{"in time", func(context.Context) { time.Sleep(300 * time.Millisecond) }, "no route"},
		{"as the call ends", func(ctx context.Context) { <-ctx.Done() }, ""},
		{"after the call", func(ctx context.Context) { <-ctx.Done(); time.Sleep(200 * time.Millisecond) }, "no connection within 1s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dial := func(ctx context.Context, broker int32, address string) (net.Conn, error) {
				if address == away {
					tt.wait(ctx)
					return nil, errors.New("no route")
				}
				return direct(ctx, broker, address)
			}
			client, err := Open(dial, Options{Bootstrap: fake.ListenAddrs()[:1], CallTimeout: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			_, err = client.Broker(2).Settings(t.Context(), BrokerResource(2))
			if err == nil || !strings.Contains(err.Error(), "connect to "+away+": broker 2: "+tt.want) || strings.Contains(err.Error(), fake.ListenAddrs()[0]) {
				t.Errorf("error %v, want broker 2 and %q", err, tt.want)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name string
		o    Options
		err  string
	}{
		{"no address", Options{}, "no bootstrap address"},
		{"no port", Options{Bootstrap: []string{"kafka1"}}, `"kafka1" is not host:port`},
		{"bad port", Options{Bootstrap: []string{"kafka1:99999"}}, "no valid port"},
		{"bad mechanism", Options{Bootstrap: []string{"k:1"}, SASL: &SASL{Mechanism: "GSSAPI"}}, "GSSAPI"},
		{"bad CA", Options{Bootstrap: []string{"k:1"}, TLS: &TLS{CA: []byte("x")}}, "no PEM certificate"},
		{"bad pair", Options{Bootstrap: []string{"k:1"}, TLS: &TLS{Cert: []byte("x"), Key: []byte("y")}}, "client certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(direct, tt.o)
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

// certificate returns a server's pair for 127.0.0.1, and itself as the authority to trust.
func certificate(t *testing.T) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kafka"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
