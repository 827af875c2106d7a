package kafkapreflightfacts

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"kops/internal/remote"
	"kops/internal/value"
)

// metadata is where each EC2 instance finds what is known of it.
const metadata = "http://169.254.169.254/latest/"

// metadataLimit bounds the whole talk: the service is on the same machine.
const metadataLimit = time.Second

// askEC2 asks the host's metadata service, from the host's side. Nobody there is no error.
func (s *Spec) askEC2(ctx context.Context, h remote.Reader, firmware string) (value.Value, error) {
	if s.EC2 == "never" || s.EC2 == "auto" && !isEC2(firmware) {
		return nil, nil
	}
	limited, cancel := context.WithTimeout(ctx, metadataLimit)
	defer cancel()
	transport := &http.Transport{DialContext: h.Dial}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	token, err := fetch(limited, client, http.MethodPut, "api/token", "X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")
	var zone, kind string
	if err == nil {
		zone, err = fetch(limited, client, http.MethodGet, "meta-data/placement/availability-zone", "X-Aws-Ec2-Metadata-Token", token)
	}
	if err == nil {
		kind, err = fetch(limited, client, http.MethodGet, "meta-data/instance-type", "X-Aws-Ec2-Metadata-Token", token)
	}
	var lost *remote.ConnectError
	switch {
	case errors.As(err, &lost) && lost.Reason == remote.ConnectionLost, ctx.Err() != nil:
		return nil, err
	case err != nil: // nobody there, or nobody who speaks this protocol
		return nil, nil
	}
	return value.NewMap("zone", zone, "instance_type", kind), nil
}

// isEC2 looks at what the firmware says: "Amazon EC2" on Nitro, a version that ends in
// "amazon" or an identifier that begins with "ec2" on Xen.
func isEC2(firmware string) bool {
	firmware = strings.ToLower(firmware)
	return strings.Contains(firmware, "amazon") || strings.Contains("\n"+firmware, "\nec2")
}

func fetch(ctx context.Context, client *http.Client, method, path, header, text string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, metadata+path, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set(header, text)
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "", errors.New(res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	return strings.TrimSpace(string(body)), err
}
