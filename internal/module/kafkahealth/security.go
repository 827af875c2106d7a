package kafkahealth

import (
	"context"
	"fmt"
	"io"
	"strings"

	"kops/internal/kafka"
	"kops/internal/remote"
)

// maxPEM limits what is read of a certificate or key.
const maxPEM = 1 << 20

func (s *Spec) options(ctx context.Context, h remote.Reader) (kafka.Options, error) {
	o := kafka.Options{Bootstrap: s.Bootstrap}
	if strings.HasPrefix(s.Protocol, "SASL_") {
		o.SASL = &kafka.SASL{Mechanism: s.Mechanism, Username: s.Username, Password: s.Password.Reveal()}
	}
	if !strings.HasSuffix(s.Protocol, "SSL") {
		return o, nil
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
			return o, fmt.Errorf("%s: read %s: %w", f.argument, f.path, err)
		}
		*f.into = content
	}
	return o, nil
}

func read(ctx context.Context, h remote.Reader, path string) ([]byte, error) {
	file, err := h.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxPEM))
}
