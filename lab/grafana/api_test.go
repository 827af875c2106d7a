package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeFiles writes files below a folder, by their paths.
func writeFiles(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A prometheus that knows one series and answers as the real one does.
func fakePrometheus(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "":
			http.Error(w, "the caller's password was passed on", http.StatusTeapot)
		case r.URL.Path == "/api/v1/query_range":
			io.WriteString(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"kafka"},"values":[[1,"1"],[2,"NaN"]]}]}}`)
		case r.FormValue("query") == "bad(":
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"status":"error","errorType":"bad_data","error":"parse error"}`)
		default:
			io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"kafka"},"value":[1,"1"]}]}}`)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// grafana is a stand-in with a working and a broken data source and one dashboard; its password is "admin".
func grafana(t *testing.T) (http.Handler, string) {
	t.Helper()
	folder := t.TempDir()
	writeFiles(t, folder, map[string]string{
		"secret": "from-a-file\n",
		"datasources/all.yaml": `apiVersion: 1
datasources:
  - {name: Prometheus, type: prometheus, access: proxy, url: $PROM_URL, isDefault: true, jsonData: {timeInterval: "${INTERVAL}", price: "$$5", file: "$__file{` + folder + `/secret}"}}
  - {name: Broken, type: prometheus, uid: broken, url: "http://127.0.0.1:1"}
`,
		"dashboards/all.yaml":  "apiVersion: 1\nproviders:\n  - {name: kops, folder: Kafka, type: file, options: {path: " + folder + "/boards}}\n",
		"boards/kafka.json":    `{"id": null, "uid": "kops-kafka", "title": "Kafka overview", "tags": ["kafka"], "__inputs": [{"name": "DS"}], "panels": [{"title": "Brokers", "type": "stat", "targets": [{"expr": "kafka_brokers"}]}]}`,
		"boards/bad.json":      `{"title": `,
		"boards/id.json":       `{"id": 7, "title": "With an id"}`,
		"boards/untitled.json": `{"id": null}`,
	})
	env := map[string]string{"PROM_URL": fakePrometheus(t).URL, "INTERVAL": "5s"}
	p, err := newProvisioned(folder, func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	a, err := openAccount(t.TempDir(), "admin", "admin")
	if err != nil {
		t.Fatal(err)
	}
	return newAPI(a, p).handler(), folder
}

func ask(h http.Handler, method, path, password, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	if password != "" {
		request.SetBasicAuth("admin", password)
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	return answer
}

func TestAPI(t *testing.T) {
	h, _ := grafana(t)
	const prometheusUID = "PBFA97CFB590B2093" // what Grafana derives from the name Prometheus
	for _, c := range []struct {
		name, method, path, password, body string
		status                             int
		want                               string
	}{
		{"health needs no login", "GET", "/api/health", "", "", 200, `"database":"ok"`},
		{"no credentials", "GET", "/api/org", "", "", 401, `"messageId":"auth.unauthorized"`},
		{"wrong password", "GET", "/api/org", "wrong", "", 401, `"message":"Invalid username or password"`},
		{"user", "GET", "/api/user", "admin", "", 200, `"login":"admin"`},
		{"org", "GET", "/api/org", "admin", "", 200, `"name":"Main Org."`},
		{"data sources, variables put in", "GET", "/api/datasources", "admin", "", 200, `"jsonData":{"file":"from-a-file","price":"$5","timeInterval":"5s"}`},
		{"data source by name", "GET", "/api/datasources/name/Prometheus", "admin", "", 200, `"uid":"` + prometheusUID + `"`},
		{"data source by uid", "GET", "/api/datasources/uid/broken", "admin", "", 200, `"name":"Broken"`},
		{"unknown data source", "GET", "/api/datasources/uid/none", "admin", "", 404, "Data source not found"},
		{"healthy", "GET", "/api/datasources/uid/" + prometheusUID + "/health", "admin", "", 200, `"status":"OK"`},
		{"not healthy", "GET", "/api/datasources/uid/broken/health", "admin", "", 400, `"status":"ERROR"`},
		{"proxy", "GET", "/api/datasources/proxy/uid/" + prometheusUID + "/api/v1/query?query=up", "admin", "", 200, `"status":"success"`},
		{"range query", "POST", "/api/ds/query", "admin", `{"from":"now-5m","to":"now","queries":[{"refId":"A","expr":"up","datasource":{"uid":"` + prometheusUID + `"}}]}`, 200, `"values":[[1000,2000],[1,null]]`},
		{"failed query", "POST", "/api/ds/query", "admin", `{"queries":[{"refId":"A","instant":true,"expr":"bad(","datasource":{"uid":"` + prometheusUID + `"}}]}`, 400, "parse error"},
		{"search", "GET", "/api/search?type=dash-db&query=OVER", "admin", "", 200, `"uid":"kops-kafka"`},
		{"search finds only dashboards that load", "GET", "/api/search?query=with", "admin", "", 200, "[]"},
		{"dashboard, as it is", "GET", "/api/dashboards/uid/kops-kafka", "admin", "", 200, `"__inputs":[{"name":"DS"}]`},
		{"dashboard's place", "GET", "/api/dashboards/uid/kops-kafka", "admin", "", 200, `"folderTitle":"Kafka"`},
		{"unknown dashboard", "GET", "/api/dashboards/uid/none", "admin", "", 404, "Dashboard not found"},
		{"unknown path", "GET", "/api/nothing", "admin", "", 404, "Not found"},
		{"pages ask to log in", "GET", "/", "", "", 302, ""},
		{"login page says what it is", "GET", "/login", "", "", 200, "stand-in"},
		{"home", "GET", "/", "admin", "", 200, "Kafka overview"},
		{"dashboard page", "GET", "/d/kops-kafka/x", "admin", "", 200, "kafka_brokers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := ask(h, c.method, c.path, c.password, c.body)
			if answer.Code != c.status || !strings.Contains(answer.Body.String(), c.want) {
				t.Errorf("got %d %s, want %d with %s", answer.Code, answer.Body, c.status, c.want)
			}
		})
	}
}

func TestDashboardsAreReadAgain(t *testing.T) {
	h, folder := grafana(t)
	writeFiles(t, folder, map[string]string{"boards/new.json": `{"uid": "new", "title": "New"}`})
	if err := os.Remove(filepath.Join(folder, "boards/kafka.json")); err != nil {
		t.Fatal(err)
	}
	if answer := ask(h, "POST", "/api/admin/provisioning/dashboards/reload", "admin", ""); answer.Code != 200 {
		t.Fatalf("reload: %d %s", answer.Code, answer.Body)
	}
	if answer := ask(h, "GET", "/api/search", "admin", ""); !strings.Contains(answer.Body.String(), `"new"`) || strings.Contains(answer.Body.String(), "kops-kafka") {
		t.Errorf("after a reload: %s", answer.Body)
	}
}

func TestSession(t *testing.T) {
	h, _ := grafana(t)
	request := httptest.NewRequest("POST", "/login", strings.NewReader(`{"user":"admin","password":"admin"}`))
	request.Header.Set("Content-Type", "application/json")
	login := httptest.NewRecorder()
	h.ServeHTTP(login, request)
	if len(login.Result().Cookies()) != 1 {
		t.Fatalf("login: %d %s", login.Code, login.Body)
	}
	request = httptest.NewRequest("GET", "/api/user", nil)
	request.AddCookie(login.Result().Cookies()[0])
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	if answer.Code != 200 {
		t.Errorf("with a session: %d %s", answer.Code, answer.Body)
	}
}

func TestThePasswordOfTheEnvironmentCountsOnce(t *testing.T) {
	data := t.TempDir()
	first, err := openAccount(data, "admin", "admin")
	if err != nil {
		t.Fatal(err)
	}
	h := newAPI(first, &provisioned{}).handler()
	for _, c := range []struct {
		body   string
		status int
	}{
		{`{"oldPassword":"wrong","newPassword":"longer","confirmNew":"longer"}`, 401},
		{`{"oldPassword":"admin","newPassword":"abc","confirmNew":"abc"}`, 400},
		{`{"oldPassword":"admin","newPassword":"longer","confirmNew":"longer"}`, 200},
	} {
		if answer := ask(h, "PUT", "/api/user/password", "admin", c.body); answer.Code != c.status {
			t.Errorf("%s: got %d %s, want %d", c.body, answer.Code, answer.Body, c.status)
		}
	}
	again, err := openAccount(data, "other", "third")
	if err != nil {
		t.Fatal(err)
	}
	if !again.check("admin", "longer") || again.check("admin", "admin") || again.check("other", "third") {
		t.Error("after a restart the changed password does not count alone")
	}
}

func TestBadProvisioningEndsTheStart(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"broken YAML":       {"datasources/a.yaml", "apiVersion: [", "did not find expected"},
		"other API version": {"datasources/a.yaml", "datasources: []", "apiVersion is 0"},
		"no name":           {"datasources/a.yaml", "apiVersion: 1\ndatasources: [{type: prometheus}]", "name and type"},
		"two defaults":      {"datasources/a.yaml", "apiVersion: 1\ndatasources: [{name: a, type: x, isDefault: true}, {name: b, type: x, isDefault: true}]", "Only one"},
		"no path":           {"dashboards/a.yaml", "apiVersion: 1\nproviders: [{name: a}]", "path param"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			writeFiles(t, folder, map[string]string{c.file: c.text})
			_, err := newProvisioned(folder, os.Getenv)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
