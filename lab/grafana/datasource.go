package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// A dataSource is one that a provisioning file describes. It can be asked only where its type is prometheus.
type dataSource struct {
	ID             int               `yaml:"-"`
	UID            string            `yaml:"uid"`
	Name           string            `yaml:"name"`
	Type           string            `yaml:"type"`
	Access         string            `yaml:"access"`
	URL            string            `yaml:"url"`
	IsDefault      bool              `yaml:"isDefault"`
	Editable       bool              `yaml:"editable"`
	BasicAuth      bool              `yaml:"basicAuth"`
	BasicAuthUser  string            `yaml:"basicAuthUser"`
	JSONData       map[string]any    `yaml:"jsonData"`
	SecureJSONData map[string]string `yaml:"secureJsonData"`
}

// queryTimeout bounds a question to a data source.
const queryTimeout = 30 * time.Second

func (d *dataSource) complete() error {
	if d.Name == "" || d.Type == "" {
		return fmt.Errorf("data source %q: name and type must be set", d.Name)
	}
	switch d.Access {
	case "", "proxy", "server":
		d.Access = "proxy"
	case "direct":
	default:
		return fmt.Errorf("data source %s: access %q is neither proxy nor direct", d.Name, d.Access)
	}
	if d.UID == "" {
		d.UID = derivedUID(d.Name)
	}
	if d.JSONData == nil {
		d.JSONData = map[string]any{}
	}
	return nil
}

// public is the data source as the API shows it: without secrets.
func (d dataSource) public() map[string]any {
	return map[string]any{
		"id": d.ID, "uid": d.UID, "orgId": 1, "name": d.Name, "type": d.Type, "access": d.Access, "url": d.URL,
		"user": "", "database": "", "basicAuth": d.BasicAuth, "basicAuthUser": d.BasicAuthUser, "isDefault": d.IsDefault,
		"jsonData": d.JSONData, "readOnly": !d.Editable,
	}
}

// get asks Prometheus's API and decodes the data of its answer.
func (d dataSource) get(ctx context.Context, path string, params url.Values, data any) error {
	if d.Type != "prometheus" {
		return fmt.Errorf("the stand-in cannot query a data source of type %s", d.Type)
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(d.URL, "/")+path+"?"+params.Encode(), nil)
	if err != nil {
		return err
	}
	d.authorize(request)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("%s: the answer is not Prometheus's: %w", response.Status, err)
	}
	if answer.Status != "success" {
		return errors.Join(errors.New(response.Status), errors.New(answer.Error))
	}
	return json.Unmarshal(answer.Data, data)
}

func (d dataSource) authorize(request *http.Request) {
	if d.BasicAuth {
		request.SetBasicAuth(d.BasicAuthUser, d.SecureJSONData["basicAuthPassword"])
	}
}

// healthy asks the data source to compute something, as Grafana's "Save & test" does.
func (d dataSource) healthy(ctx context.Context) error {
	var data struct{ ResultType string }
	return d.get(ctx, "/api/v1/query", url.Values{"query": {"1+1"}}, &data)
}

// proxy forwards a request to the data source, without the caller's credentials.
func (d dataSource) proxy(w http.ResponseWriter, r *http.Request, path string) error {
	target, err := url.Parse(d.URL)
	if err != nil {
		return fmt.Errorf("data source %s: %w", d.Name, err)
	}
	forward := httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Path, p.Out.URL.RawPath = "/"+path, ""
		p.SetURL(target)
		p.Out.Header.Del("Authorization")
		p.Out.Header.Del("Cookie")
		d.authorize(p.Out)
	}}
	forward.ServeHTTP(w, r)
	return nil
}
