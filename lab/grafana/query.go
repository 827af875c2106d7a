package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A queryRequest is the body of POST /api/ds/query, as far as panels with Prometheus queries send it.
type queryRequest struct {
	From    string  `json:"from"`
	To      string  `json:"to"`
	Queries []query `json:"queries"`
}

type query struct {
	RefID      string `json:"refId"`
	Expr       string `json:"expr"`
	Instant    bool   `json:"instant"`
	Range      bool   `json:"range"`
	IntervalMs int64  `json:"intervalMs"`
	DataSource struct {
		UID string `json:"uid"`
	} `json:"datasource"`
}

// A matrix is Prometheus's answer: series, each with one value (instant) or several.
type matrix struct {
	Result []struct {
		Metric map[string]string `json:"metric"`
		Value  sample            `json:"value"`
		Values []sample          `json:"values"`
	} `json:"result"`
}

// A sample is a time in seconds and a number as text.
type sample [2]any

// answer runs all queries and gives Grafana's result for each, by refId. status is the worst of them.
func (p *provisioned) answer(ctx context.Context, r queryRequest) (status int, body map[string]any) {
	results := map[string]any{}
	status = http.StatusOK
	for _, q := range r.Queries {
		frames, err := p.run(ctx, r, q)
		if err != nil {
			status = http.StatusBadRequest
			results[q.RefID] = map[string]any{"status": status, "error": err.Error(), "frames": []any{}}
			continue
		}
		results[q.RefID] = map[string]any{"status": http.StatusOK, "frames": frames}
	}
	return status, map[string]any{"results": results}
}

func (p *provisioned) run(ctx context.Context, r queryRequest, q query) ([]any, error) {
	source, ok := p.source(func(d dataSource) bool { return d.UID == q.DataSource.UID })
	if !ok {
		return nil, fmt.Errorf("data source not found: %s", q.DataSource.UID)
	}
	from, err := moment(r.From, time.Now())
	if err != nil {
		return nil, err
	}
	to, err := moment(r.To, time.Now())
	if err != nil {
		return nil, err
	}
	path, params := "/api/v1/query", url.Values{"query": {q.Expr}, "time": {seconds(to)}}
	if q.Range || !q.Instant {
		step := max(time.Duration(q.IntervalMs)*time.Millisecond, to.Sub(from)/1000, time.Second)
		path = "/api/v1/query_range"
		params = url.Values{"query": {q.Expr}, "start": {seconds(from)}, "end": {seconds(to)}, "step": {fmt.Sprint(step.Seconds())}}
	}
	var data matrix
	if err := source.get(ctx, path, params, &data); err != nil {
		return nil, err
	}
	return frames(q.RefID, data)
}

// frames turns series into Grafana's data frames: a column of times in milliseconds and one of numbers.
func frames(refID string, data matrix) ([]any, error) {
	all := []any{}
	for _, series := range data.Result {
		samples := series.Values
		if samples == nil {
			samples = []sample{series.Value}
		}
		times, values := []int64{}, []any{}
		for _, s := range samples {
			at, _ := s[0].(float64)
			text, _ := s[1].(string)
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, fmt.Errorf("sample %v: %w", s, err)
			}
			times = append(times, int64(at*1000))
			values = append(values, jsonNumber(value))
		}
		all = append(all, map[string]any{
			"schema": map[string]any{"refId": refID, "fields": []any{
				map[string]any{"name": "Time", "type": "time"},
				map[string]any{"name": "Value", "type": "number", "labels": series.Metric},
			}},
			"data": map[string]any{"values": []any{times, values}},
		})
	}
	return all, nil
}

// jsonNumber is null for what JSON has no number for: NaN and the infinities.
func jsonNumber(f float64) any {
	if f-f != 0 {
		return nil
	}
	return f
}

// moment reads a time of a query: milliseconds since 1970, "now", or "now-" and a duration.
func moment(text string, now time.Time) (time.Time, error) {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms), nil
	}
	if text == "" || text == "now" {
		return now, nil
	}
	back, err := time.ParseDuration(strings.TrimPrefix(text, "now-"))
	if err != nil {
		return time.Time{}, fmt.Errorf("time %q is neither milliseconds nor now-<duration>", text)
	}
	return now.Add(-back), nil
}

func seconds(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }
