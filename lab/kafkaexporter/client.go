package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// newClient makes the connection that the options describe; nothing is dialled yet.
func newClient(o *options) (*kgo.Client, error) {
	opts := []kgo.Opt{kgo.SeedBrokers(o.servers...), kgo.ClientID("kafka_exporter")}
	if o.kafkaVersion != nil {
		opts = append(opts, kgo.MaxVersions(o.kafkaVersion))
	}
	if o.sasl {
		opts = append(opts, kgo.SASL(mechanism(o)))
	}
	if o.tls {
		config, err := tlsConfig(o)
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(config))
	}
	return kgo.NewClient(opts...)
}

func mechanism(o *options) sasl.Mechanism {
	switch strings.ToLower(o.mechanism) {
	case "scram-sha256":
		return scram.Auth{User: o.user, Pass: o.password}.AsSha256Mechanism()
	case "scram-sha512":
		return scram.Auth{User: o.user, Pass: o.password}.AsSha512Mechanism()
	default:
		return plain.Auth{User: o.user, Pass: o.password}.AsMechanism()
	}
}

func tlsConfig(o *options) (*tls.Config, error) {
	config := &tls.Config{InsecureSkipVerify: o.tlsInsecure}
	if o.caFile != "" {
		pem, err := os.ReadFile(o.caFile)
		if err != nil {
			return nil, fmt.Errorf("--tls.ca-file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--tls.ca-file: %s holds no certificate", o.caFile)
		}
	}
	if o.certFile != "" {
		pair, err := tls.LoadX509KeyPair(o.certFile, o.keyFile)
		if err != nil {
			return nil, fmt.Errorf("--tls.cert-file, --tls.key-file: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
