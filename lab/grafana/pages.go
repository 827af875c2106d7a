package main

import (
	"html/template"
	"log/slog"
	"net/http"
)

// pages are the few that a person sees. Each says that this is not Grafana.
var pages = template.Must(template.New("").Parse(`
{{define "top"}}<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Grafana stand-in</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222; background: #fafafa }
.note { background: #fff3cd; border: 1px solid #e0c060; padding: .5rem 1rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; border-bottom: 1px solid #ddd; padding: .4rem; vertical-align: top }
code { font-size: .85em; overflow-wrap: anywhere }
</style></head><body>
<p class="note">This is the kops lab's <b>stand-in</b> for Grafana, not Grafana: it reads the same files and answers the same API, but draws nothing.</p>{{end}}

{{define "login"}}{{template "top"}}<h1>Log in</h1>{{if .}}<p role="alert">Invalid username or password</p>{{end}}
<form method="post" action="/login"><p><label>User <input name="user" autocomplete="username" autofocus></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p><button>Log in</button></form>{{end}}

{{define "home"}}{{template "top"}}<p><a href="/logout">Log out</a></p>
<h1>Dashboards</h1><table><tr><th>Title</th><th>Folder</th><th>File</th></tr>
{{range .Dashboards}}<tr><td><a href="{{.URL}}">{{.Title}}</a></td><td>{{.Folder}}</td><td>{{.File}}</td></tr>{{else}}<tr><td colspan="3">none</td></tr>{{end}}</table>
<h1>Data sources</h1><table><tr><th>Name</th><th>Type</th><th>URL</th><th>State</th></tr>
{{range .Sources}}<tr><td>{{.Name}}</td><td>{{.Type}}</td><td>{{.URL}}</td><td>{{.State}}</td></tr>{{else}}<tr><td colspan="4">none</td></tr>{{end}}</table>{{end}}

{{define "dashboard"}}{{template "top"}}<p><a href="/">All dashboards</a></p><h1>{{.Title}}</h1>
<table><tr><th>Panel</th><th>Type</th><th>Queries</th></tr>
{{range .Panels}}<tr><td>{{.Title}}</td><td>{{.Type}}</td><td>{{range .Targets}}<code>{{.}}</code><br>{{end}}</td></tr>{{end}}</table>{{end}}
`))

func show(w http.ResponseWriter, page string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	if err := pages.ExecuteTemplate(w, page, data); err != nil {
		slog.Warn("write a page", "logger", "context", "page", page, "error", err)
	}
}

func (a *api) loginPage(w http.ResponseWriter, r *http.Request) {
	show(w, "login", r.FormValue("failed") != "")
}

func (a *api) homePage(w http.ResponseWriter, r *http.Request) {
	type board struct{ Title, URL, Folder, File string }
	type source struct{ Name, Type, URL, State string }
	var data struct {
		Dashboards []board
		Sources    []source
	}
	for _, d := range a.files.search("") {
		data.Dashboards = append(data.Dashboards, board{d.title, d.url(), d.folder, d.file})
	}
	for _, d := range a.files.allSources() {
		state := "working"
		if err := d.healthy(r.Context()); err != nil {
			state = err.Error()
		}
		data.Sources = append(data.Sources, source{d.Name, d.Type, d.URL, state})
	}
	show(w, "home", data)
}

// A panel is what the dashboard's page lists of it.
type panel struct {
	Title, Type string
	Targets     []string
}

func (a *api) dashboardPage(w http.ResponseWriter, r *http.Request) {
	d, ok := a.files.dashboard(r.PathValue("uid"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	show(w, "dashboard", struct {
		Title  string
		Panels []panel
	}{d.title, panels(d.model)})
}

// panels lists a dashboard's panels, those inside of collapsed rows too.
func panels(model map[string]any) []panel {
	var all []panel
	list, _ := model["panels"].([]any)
	for _, item := range list {
		fields, ok := item.(map[string]any)
		if !ok {
			continue
		}
		var p panel
		p.Title, _ = fields["title"].(string)
		p.Type, _ = fields["type"].(string)
		targets, _ := fields["targets"].([]any)
		for _, t := range targets {
			if target, ok := t.(map[string]any); ok {
				if expr, ok := target["expr"].(string); ok {
					p.Targets = append(p.Targets, expr)
				}
			}
		}
		all = append(append(all, p), panels(fields)...)
	}
	return all
}
