package main

import (
	"encoding/json"
	"net/http"
)

func (a *api) listSources(w http.ResponseWriter, _ *http.Request) {
	list := []any{}
	for _, d := range a.files.allSources() {
		list = append(list, d.public())
	}
	respond(w, http.StatusOK, list)
}

func (a *api) sourceByName(w http.ResponseWriter, r *http.Request) {
	a.withSource(w, func(d dataSource) bool { return d.Name == r.PathValue("name") }, func(d dataSource) {
		respond(w, http.StatusOK, d.public())
	})
}

func (a *api) sourceByUID(w http.ResponseWriter, r *http.Request) {
	a.withSource(w, hasUID(r), func(d dataSource) { respond(w, http.StatusOK, d.public()) })
}

func (a *api) sourceHealth(w http.ResponseWriter, r *http.Request) {
	a.withSource(w, hasUID(r), func(d dataSource) {
		if err := d.healthy(r.Context()); err != nil {
			respond(w, http.StatusBadRequest, map[string]any{"status": "ERROR", "message": err.Error() + " - There was an error returned querying the Prometheus API."})
			return
		}
		respond(w, http.StatusOK, map[string]any{"status": "OK", "message": "Successfully queried the Prometheus API."})
	})
}

func (a *api) sourceProxy(w http.ResponseWriter, r *http.Request) {
	a.withSource(w, hasUID(r), func(d dataSource) {
		if err := d.proxy(w, r, r.PathValue("path")); err != nil {
			message(w, http.StatusInternalServerError, err.Error())
		}
	})
}

func (a *api) query(w http.ResponseWriter, r *http.Request) {
	var request queryRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		message(w, http.StatusBadRequest, "bad request data")
		return
	}
	if len(request.Queries) == 0 {
		message(w, http.StatusBadRequest, "No queries found in query")
		return
	}
	status, body := a.files.answer(r.Context(), request)
	respond(w, status, body)
}

func hasUID(r *http.Request) func(dataSource) bool {
	return func(d dataSource) bool { return d.UID == r.PathValue("uid") }
}

func (a *api) withSource(w http.ResponseWriter, is func(dataSource) bool, then func(dataSource)) {
	d, ok := a.files.source(is)
	if !ok {
		message(w, http.StatusNotFound, "Data source not found")
		return
	}
	then(d)
}
