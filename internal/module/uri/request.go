package uri

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// maxBody is how much of an answer is read, in bytes.
const maxBody = 64 << 20

// request sends the request once and returns its result.
func (s *Spec) request(ctx context.Context, h remote.Reader) (*value.Map, error) {
	began := time.Now()
	result := value.NewMap("status", int64(-1), "url", s.URL, "redirected", false)
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.Timeout)*time.Second)
	defer cancel()
	client, err := s.client(h)
	if err != nil {
		return result, err
	}
	defer client.CloseIdleConnections()
	req, err := s.build(ctx)
	if err != nil {
		return result, err
	}
	resp, err := client.Do(req)
	result.Set("elapsed", int64(time.Since(began).Seconds()))
	if err != nil {
		return result, s.noAnswer(err, result)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return result, s.noAnswer(err, result)
	}
	return result, s.judge(resp, body, result)
}

// noAnswer is the failure of a request that got no answer: Ansible's status is -1 then. A
// status_code of -1 accepts it.
func (s *Spec) noAnswer(err error, result *value.Map) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %d seconds", s.Timeout)
	}
	msg := fmt.Sprintf("%s %s: %v", s.Method, s.URL, err)
	result.Set("msg", msg)
	for _, code := range s.StatusCode {
		if code == -1 {
			return nil
		}
	}
	return &module.Failure{Msg: msg, Result: result}
}

func (s *Spec) client(h remote.Reader) (*http.Client, error) {
	conf, err := s.tls()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig: conf, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if s.Socket != "" {
				return h.Dial(ctx, "unix", s.Socket)
			}
			return h.Dial(ctx, "tcp", address)
		},
	}
	return &http.Client{Transport: transport, CheckRedirect: s.redirect}, nil
}

func (s *Spec) tls() (*tls.Config, error) {
	conf := &tls.Config{InsecureSkipVerify: !s.ValidateCerts}
	if s.CAPath != "" {
		pem, err := os.ReadFile(s.CAPath)
		if err != nil {
			return nil, fmt.Errorf("ca_path: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_path: %s holds no certificate", s.CAPath)
		}
	}
	if s.ClientCert != "" {
		cert, err := tls.LoadX509KeyPair(s.ClientCert, or(s.ClientKey, s.ClientCert))
		if err != nil {
			return nil, fmt.Errorf("client_cert: %w", err)
		}
		conf.Certificates = []tls.Certificate{cert}
	}
	return conf, nil
}

// redirect follows as follow_redirects says.
func (s *Spec) redirect(req *http.Request, via []*http.Request) error {
	switch s.FollowRedirects {
	case "none", "no":
		return http.ErrUseLastResponse
	case "safe", "urllib2":
		if s.Method != http.MethodGet && s.Method != http.MethodHead {
			return http.ErrUseLastResponse
		}
	}
	if len(via) >= 10 {
		return errors.New("more than ten redirects")
	}
	return nil
}

func (s *Spec) build(ctx context.Context) (*http.Request, error) {
	body, contentType, err := s.body()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, s.Method, s.URL, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", s.Agent)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if s.Force {
		req.Header.Set("Cache-Control", "no-cache")
	}
	for k, v := range s.Headers.All() {
		req.Header.Set(value.Str(k), value.Str(v))
	}
	if s.Username != "" {
		req.SetBasicAuth(s.Username, s.Password.Reveal())
	}
	return req, nil
}

// body writes the body as body_format says.
func (s *Spec) body() (text, contentType string, err error) {
	if s.Body == nil {
		return "", "", nil
	}
	switch s.BodyFormat {
	case "json":
		if text, ok := s.Body.(string); ok {
			return text, "application/json", nil
		}
		encoded, err := value.JSON(s.Body, value.PythonJSON)
		return encoded, "application/json", err
	case "form-urlencoded":
		m, ok := s.Body.(*value.Map)
		if !ok {
			return value.Str(s.Body), "application/x-www-form-urlencoded", nil
		}
		form := url.Values{}
		for k, v := range m.All() {
			if l, ok := v.(*value.List); ok {
				for _, item := range l.Items {
					form.Add(value.Str(k), value.Str(item))
				}
				continue
			}
			form.Add(value.Str(k), value.Str(v))
		}
		return form.Encode(), "application/x-www-form-urlencoded", nil
	}
	return value.Str(s.Body), "", nil
}
