package template

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
	"unicode"

	"kops/internal/value"
)

// run gives a command to the controller's shell. Its errors go where this program's go.
func (l *lookupCall) run(name, command string) (string, error) {
	cmd := exec.CommandContext(l.Context, "/bin/sh", "-c", command)
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	if dirs := l.Env.Search(); len(dirs) > 0 {
		cmd.Dir = dirs[len(dirs)-1]
	}
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return "", fmt.Errorf("lookup_plugin.%s(%s) returned %d", name, command, exit.ExitCode())
	case err != nil:
		return "", fmt.Errorf("run %s: %w", value.Repr(command), err)
	}
	return string(out), nil
}

func pipeLookup(l *lookupCall) ([]value.Value, error) {
	if err := l.known(); err != nil {
		return nil, err
	}
	var out []value.Value
	for _, term := range l.Terms {
		text, err := l.run("pipe", value.Str(term))
		if err != nil {
			return nil, err
		}
		out = append(out, strings.TrimRightFunc(text, unicode.IsSpace))
	}
	return out, nil
}

func linesLookup(l *lookupCall) ([]value.Value, error) {
	if err := l.known(); err != nil {
		return nil, err
	}
	var out []value.Value
	for _, term := range l.Terms {
		text, err := l.run("lines", value.Str(term))
		if err != nil {
			return nil, err
		}
		out = append(out, textLines(text)...)
	}
	return out, nil
}

func textLines(text string) []value.Value {
	var out []value.Value
	for line := range strings.Lines(text) {
		out = append(out, strings.TrimRight(line, "\r\n"))
	}
	return out
}

// maxBody bounds what a URL may return.
const maxBody = 64 << 20

func urlLookup(l *lookupCall) ([]value.Value, error) {
	if err := l.known("validate_certs", "split_lines", "username", "password", "headers", "timeout", "force", "http_agent", "ca_path", "use_proxy"); err != nil {
		return nil, err
	}
	client, err := l.httpClient()
	if err != nil {
		return nil, err
	}
	split, err := l.flag("split_lines", true)
	if err != nil {
		return nil, err
	}
	urls, err := l.texts()
	if err != nil {
		return nil, err
	}
	var out []value.Value
	for _, u := range urls {
		text, err := l.get(client, u)
		if err != nil {
			return nil, err
		}
		if split {
			out = append(out, textLines(text)...)
		} else {
			out = append(out, text)
		}
	}
	return out, nil
}

func (l *lookupCall) httpClient() (*http.Client, error) {
	verify, err := l.flag("validate_certs", true)
	if err != nil {
		return nil, err
	}
	proxy, err := l.flag("use_proxy", true)
	if err != nil {
		return nil, err
	}
	seconds, err := value.ToFloat(l.option("timeout", int64(10)))
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: !verify}, DisableKeepAlives: true}
	if proxy {
		transport.Proxy = http.ProxyFromEnvironment
	}
	if path := l.text("ca_path", ""); path != "" {
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", path)
		}
		transport.TLSClientConfig.RootCAs = roots
	}
	return &http.Client{Transport: transport, Timeout: time.Duration(seconds * float64(time.Second))}, nil
}

func (l *lookupCall) get(client *http.Client, u string) (string, error) {
	request, err := http.NewRequestWithContext(l.Context, http.MethodGet, u, nil)
	if err != nil {
		return "", errors.New("the URL cannot be parsed")
	}
	shown := request.URL.Redacted()
	request.Header.Set("User-Agent", l.text("http_agent", "ansible-httpget"))
	if force, _ := l.flag("force", false); force {
		request.Header.Set("Cache-Control", "no-cache")
	}
	if headers, ok := l.option("headers", &value.Map{}).(*value.Map); ok {
		for k, v := range headers.All() {
			request.Header.Set(value.Str(k), value.Str(v))
		}
	}
	if user := l.text("username", ""); user != "" {
		request.SetBasicAuth(user, l.text("password", ""))
	}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("failed lookup url for %s: %w", shown, errors.Unwrap(err))
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 {
		return "", fmt.Errorf("received HTTP error for %s: %s", shown, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return "", fmt.Errorf("Error connecting to %s: %w", shown, err)
	}
	if len(body) > maxBody {
		return "", fmt.Errorf("%s returns more than %d MiB", shown, maxBody>>20)
	}
	return string(bytes.ToValidUTF8(body, []byte("\ufffd"))), nil
}
