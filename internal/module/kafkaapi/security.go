package kafkaapi

import (
	"context"
	"fmt"
	"io"
	"strings"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/remote"
)

// Security says how brokers are logged in to. Files are the host's.
type Security struct {
	Protocol   string        `arg:"security_protocol,choices=PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL" doc:"as in Kafka's clients"`
	Mechanism  string        `arg:"sasl_mechanism,choices=PLAIN|SCRAM-SHA-256|SCRAM-SHA-512" doc:"how to log in"`
	Username   string        `arg:"sasl_username,alias=sasl_plain_username" doc:"who logs in"`
	Password   module.Secret `arg:"sasl_password,alias=sasl_plain_password" doc:"the password"`
	CA         string        `arg:"tls_ca,alias=ssl_cafile" doc:"PEM file, on the host, of the authorities to trust; the controller's own if not given"`
	Cert       string        `arg:"tls_cert,alias=ssl_certfile,with=tls_key" doc:"PEM file, on the host, of the client's certificate"`
	Key        string        `arg:"tls_key,alias=ssl_keyfile,with=tls_cert" doc:"PEM file, on the host, of the client's key"`
	ServerName string        `arg:"tls_server_name" doc:"name that the brokers' certificates must bear, in place of the one that was dialled"`
	SkipVerify bool          `arg:"tls_skip_verify" doc:"accept any certificate"`
}

func (s Security) check() error {
	sasl := strings.HasPrefix(s.Protocol, "SASL_")
	if sasl && (s.Mechanism == "" || s.Username == "") {
		return fmt.Errorf("security_protocol: %s needs sasl_mechanism, sasl_username and sasl_password", s.Protocol)
	}
	if !sasl && s.Mechanism+s.Username != "" {
		return fmt.Errorf("sasl_mechanism: only with security_protocol SASL_PLAINTEXT or SASL_SSL, not %s", s.Protocol)
	}
	if !strings.HasSuffix(s.Protocol, "SSL") && s.CA+s.Cert+s.ServerName != "" {
		return fmt.Errorf("tls_ca, tls_cert and tls_server_name: only with security_protocol SSL or SASL_SSL, not %s", s.Protocol)
	}
	return nil
}

// maxPEM limits what is read of a certificate or key.
const maxPEM = 1 << 20

func (s Security) apply(ctx context.Context, h remote.Reader, o *kafka.Options) error {
	if strings.HasPrefix(s.Protocol, "SASL_") {
		o.SASL = &kafka.SASL{Mechanism: s.Mechanism, Username: s.Username, Password: s.Password.Reveal()}
	}
	if !strings.HasSuffix(s.Protocol, "SSL") {
		return nil
	}
	o.TLS = &kafka.TLS{ServerName: s.ServerName, SkipVerify: s.SkipVerify}
	for _, f := range []struct {
		argument, path string
		into           *[]byte
	}{{"tls_ca", s.CA, &o.TLS.CA}, {"tls_cert", s.Cert, &o.TLS.Cert}, {"tls_key", s.Key, &o.TLS.Key}} {
		if f.path == "" {
			continue
		}
		content, err := read(ctx, h, f.path)
		if err != nil {
			return fmt.Errorf("%s: read %s: %w", f.argument, f.path, err)
		}
		*f.into = content
	}
	return nil
}

func read(ctx context.Context, h remote.Reader, path string) ([]byte, error) {
	file, err := h.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxPEM))
}
