package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// SecurityProtocols are the names that Kafka gives to the combinations of TLS and SASL.
var SecurityProtocols = []string{"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}

// SASLMechanisms are the mechanisms that SASL takes.
var SASLMechanisms = []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}

// SASL is a login.
type SASL struct {
	Mechanism string // one of SASLMechanisms
	Username  string
	Password  string
}

// String hides the password.
func (s SASL) String() string { return s.Mechanism + " as " + s.Username }

// GoString hides the password from %#v.
func (s SASL) GoString() string { return s.String() }

func (s SASL) mechanism() (sasl.Mechanism, error) {
	switch s.Mechanism {
	case "PLAIN":
		return plain.Auth{User: s.Username, Pass: s.Password}.AsMechanism(), nil
	case "SCRAM-SHA-256":
		return scram.Auth{User: s.Username, Pass: s.Password}.AsSha256Mechanism(), nil
	case "SCRAM-SHA-512":
		return scram.Auth{User: s.Username, Pass: s.Password}.AsSha512Mechanism(), nil
	}
	return nil, fmt.Errorf("SASL mechanism %q is not one of %s", s.Mechanism, strings.Join(SASLMechanisms, ", "))
}

// TLS says whom to trust and who one is. Certificates and keys are PEM.
type TLS struct {
	CA         []byte // the system's if empty
	Cert, Key  []byte // a client's own, both or none
	ServerName string // in place of the name that was dialled
	SkipVerify bool
}

func (t TLS) config() (*tls.Config, error) {
	config := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.SkipVerify, MinVersion: tls.VersionTLS12}
	if len(t.CA) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(t.CA) {
			return nil, errors.New("the CA file holds no PEM certificate")
		}
	}
	if len(t.Cert) == 0 && len(t.Key) == 0 {
		return config, nil
	}
	pair, err := tls.X509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("client certificate: %w", err)
	}
	config.Certificates = slices.Concat(config.Certificates, []tls.Certificate{pair})
	return config, nil
}
