package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// An api answers Grafana's HTTP API and shows its few pages.
type api struct {
	account  *account
	files    *provisioned
	sessions *sessions
}

func newAPI(a *account, p *provisioned) *api {
	return &api{account: a, files: p, sessions: newSessions()}
}

func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", a.health)
	mux.HandleFunc("GET /login", a.loginPage)
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("GET /logout", a.logout)
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /api/user":                              a.user,
		"PUT /api/user/password":                     a.changePassword,
		"GET /api/org":                               a.org,
		"GET /api/datasources":                       a.listSources,
		"GET /api/datasources/name/{name}":           a.sourceByName,
		"GET /api/datasources/uid/{uid}":             a.sourceByUID,
		"GET /api/datasources/uid/{uid}/health":      a.sourceHealth,
		"/api/datasources/proxy/uid/{uid}/{path...}": a.sourceProxy,
		"POST /api/ds/query":                         a.query,
		"GET /api/search":                            a.search,
		"GET /api/dashboards/uid/{uid}":              a.dashboard,
		"POST /api/admin/provisioning/{kind}/reload": a.reload,
		"GET /{$}":            a.homePage,
		"GET /d/{uid}/{slug}": a.dashboardPage,
		"/":                   notFound,
	} {
		mux.HandleFunc(pattern, a.authenticated(handle))
	}
	return mux
}

// respond writes a JSON answer.
func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		slog.Warn("write an answer", "logger", "context", "error", err)
	}
}

func message(w http.ResponseWriter, status int, text string) {
	respond(w, status, map[string]any{"message": text})
}

func notFound(w http.ResponseWriter, _ *http.Request) { message(w, http.StatusNotFound, "Not found") }

func (a *api) health(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, map[string]any{"database": "ok", "version": version, "commit": "kops-lab-standin"})
}

func (a *api) user(w http.ResponseWriter, _ *http.Request) {
	login := a.account.login()
	respond(w, http.StatusOK, map[string]any{
		"id": 1, "email": login + "@localhost", "name": "", "login": login, "theme": "", "orgId": 1,
		"isGrafanaAdmin": true, "isDisabled": false, "isExternal": false,
	})
}

func (a *api) org(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, map[string]any{"id": 1, "name": "Main Org."})
}

func (a *api) changePassword(w http.ResponseWriter, r *http.Request) {
	var body struct{ OldPassword, NewPassword, ConfirmNew string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		message(w, http.StatusBadRequest, "bad request data")
		return
	}
	switch err := a.account.change(body.OldPassword, body.NewPassword); {
	case errors.Is(err, errOldPassword):
		message(w, http.StatusUnauthorized, "Invalid old password")
	case errors.Is(err, errShortPassword):
		message(w, http.StatusBadRequest, "New password is too short")
	case err != nil:
		slog.Error("Failed to change user password", "logger", "context", "error", err)
		message(w, http.StatusInternalServerError, "Failed to change user password")
	default:
		message(w, http.StatusOK, "User password changed")
	}
}

func (a *api) search(w http.ResponseWriter, r *http.Request) {
	hits := []any{}
	if kind := r.FormValue("type"); kind == "" || kind == "dash-db" {
		for i, d := range a.files.search(r.FormValue("query")) {
			hits = append(hits, map[string]any{
				"id": i + 1, "uid": d.uid, "title": d.title, "uri": "db/" + d.slug(), "url": d.url(), "slug": "",
				"type": "dash-db", "tags": d.tags, "isStarred": false, "folderTitle": d.folder, "folderUid": d.folderUID,
			})
		}
	}
	respond(w, http.StatusOK, hits)
}

func (a *api) dashboard(w http.ResponseWriter, r *http.Request) {
	d, ok := a.files.dashboard(r.PathValue("uid"))
	if !ok {
		respond(w, http.StatusNotFound, map[string]any{"message": "Dashboard not found", "status": "not-found"})
		return
	}
	respond(w, http.StatusOK, map[string]any{
		"meta": map[string]any{
			"type": "db", "slug": d.slug(), "url": d.url(), "folderTitle": d.folder, "folderUid": d.folderUID,
			"provisioned": !d.mayEdit, "provisionedExternalId": d.file, "updated": d.changed.UTC().Format(time.RFC3339),
		},
		"dashboard": d.model,
	})
}

func (a *api) reload(w http.ResponseWriter, r *http.Request) {
	reloads := map[string]struct {
		do   func() error
		done string
	}{
		"datasources": {a.files.reloadSources, "Datasources config reloaded"},
		"dashboards":  {a.files.reloadDashboards, "Dashboards config reloaded"},
	}
	reload, ok := reloads[r.PathValue("kind")]
	if !ok {
		notFound(w, r)
		return
	}
	if err := reload.do(); err != nil {
		slog.Error("reload provisioning", "logger", "provisioning", "error", err)
		message(w, http.StatusInternalServerError, err.Error())
		return
	}
	message(w, http.StatusOK, reload.done)
}
