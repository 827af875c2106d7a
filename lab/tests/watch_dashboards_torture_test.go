//go:build lab && torture

package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	watchedGrafana    = "http://10.99.0.90:3000"
	watchedPrometheus = "http://10.99.0.90:9090"
	grafanaPassword   = "kops-lab-grafana"
)

// get asks for JSON.
func get(t *testing.T, address, password string, answer any) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if password != "" {
		request.SetBasicAuth("admin", password)
	}
	client := http.Client{Timeout: 20 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s %s", address, response.Status, body)
	}
	return json.Unmarshal(body, answer)
}

// A board is what the test reads of a dashboard.
type board struct {
	Title      string
	Templating struct {
		List []struct {
			Name, Type, AllValue string
			IncludeAll           bool
			Query                any
		}
	}
	Panels []panel
}

type panel struct {
	Title, Type string
	Panels      []panel
	Targets     []struct{ Expr string }
}

// A sample is one series of an answer.
type sample struct {
	Metric map[string]string
	Value  [2]any // time, text
}

// query asks Prometheus through Grafana's data source.
func query(t *testing.T, expr string) ([]sample, error) {
	t.Helper()
	var answer struct {
		Data struct{ Result []sample }
	}
	err := get(t, watchedGrafana+"/api/datasources/proxy/uid/kops-prometheus/api/v1/query?query="+url.QueryEscape(expr), grafanaPassword, &answer)
	return answer.Data.Result, err
}

// await waits until a condition holds.
func await(t *testing.T, limit time.Duration, what string, holds func() error) {
	t.Helper()
	begin := time.Now()
	for {
		err := holds()
		if err == nil {
			return
		}
		if time.Since(begin) > limit {
			t.Errorf("%s: %v", what, err)
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(time.Second): // before it is asked again
		}
	}
}

var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)

// choices are what a dashboard's variables offer, as Grafana finds them: each may use those before it.
func choices(t *testing.T, b board) (all, one map[string]string) {
	t.Helper()
	all, one = map[string]string{}, map[string]string{}
	for _, v := range b.Templating.List {
		if v.Type != "query" {
			continue
		}
		text, _ := v.Query.(map[string]any)["query"].(string)
		m := labelValues.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("%s: variable %s asks %q", b.Title, v.Name, text)
		}
		var answer struct{ Data []string }
		address := watchedGrafana + "/api/datasources/proxy/uid/kops-prometheus/api/v1/label/" + m[2] + "/values?match[]=" + url.QueryEscape(filled(m[1], all))
		if err := get(t, address, grafanaPassword, &answer); err != nil || len(answer.Data) == 0 {
			t.Fatalf("%s: variable %s offers nothing: %v", b.Title, v.Name, err)
		}
		all[v.Name], one[v.Name] = v.AllValue, answer.Data[0]
		if v.AllValue == "" {
			all[v.Name] = "(" + strings.Join(answer.Data, "|") + ")"
		}
		for _, liked := range []string{trafficTopic, readers} {
			if slices.Contains(answer.Data, liked) {
				one[v.Name] = liked
			}
		}
	}
	return all, one
}

// filled puts values in place of variables.
func filled(expr string, values map[string]string) string {
	expr = strings.ReplaceAll(expr, "$__rate_interval", "1m")
	for name, value := range values {
		expr = strings.ReplaceAll(expr, "$"+name, value)
	}
	return expr
}

// dashboardsAnswer asks every expression of every panel of every dashboard, with all that the variables offer and with one
// value of each, and wants an answer. The fleet has traffic, so none of them is rightly empty.
func dashboardsAnswer(t *testing.T) {
	wanted := map[string][]string{
		"kops-nodes":          {"job", "instance"},
		"kops-kafka":          {"job", "instance"},
		"kops-kafka-exporter": {"job", "topic", "group"},
		"exported":            nil,
	}
	asked := 0
	for uid, variables := range wanted {
		var answer struct{ Dashboard board }
		await(t, 30*time.Second, "dashboard "+uid, func() error { return get(t, watchedGrafana+"/api/dashboards/uid/"+uid, grafanaPassword, &answer) })
		b := answer.Dashboard
		all, one := choices(t, b)
		for _, name := range variables {
			if all[name] == "" {
				t.Errorf("%s has no variable %s", b.Title, name)
			}
		}
		for _, p := range b.Panels {
			for _, q := range append([]panel{p}, p.Panels...) {
				if len(q.Targets) == 0 && q.Type != "row" {
					t.Errorf("%s, %s: no expression", b.Title, q.Title)
				}
				for _, target := range q.Targets {
					for _, values := range []map[string]string{all, one} {
						expr := filled(target.Expr, values)
						asked++
						await(t, 90*time.Second, b.Title+", "+q.Title, func() error { return answers(t, expr) })
					}
				}
			}
		}
	}
	t.Logf("%d expressions were asked", asked)
}

func answers(t *testing.T, expr string) error {
	if strings.Contains(expr, "$") {
		return fmt.Errorf("a variable is left in %s", expr)
	}
	result, err := query(t, expr)
	if err != nil {
		return err
	}
	if len(result) == 0 {
		return fmt.Errorf("nothing answers to %s", expr)
	}
	for _, s := range result {
		if s.Value[1] == "NaN" {
			return fmt.Errorf("%v is not a number in %s", s.Metric, expr)
		}
	}
	return nil
}
