// Package uri is the module of that name: HTTP requests from the host's side. The
// connection goes through the host's SSH connection; TLS and HTTP are spoken here.
package uri

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec are the module's arguments.
type Spec struct {
	URL             string        `arg:"url,required" doc:"http:// or https:// address, as the host sees it"`
	Method          string        `arg:"method" doc:"GET, POST, PUT …; in capitals"`
	Body            value.Value   `arg:"body,raw" doc:"what is sent; a mapping or list with body_format json or form-urlencoded"`
	BodyFormat      string        `arg:"body_format,choices=raw|json|form-urlencoded" doc:"how body is written; json and form-urlencoded set the Content-Type"`
	Headers         *value.Map    `arg:"headers" doc:"more headers"`
	StatusCode      []int         `arg:"status_code" doc:"the statuses that are good"`
	ReturnContent   bool          `arg:"return_content" doc:"return the body as content, whatever its type"`
	Timeout         int           `arg:"timeout" doc:"seconds for the request"`
	FollowRedirects string        `arg:"follow_redirects,choices=all|none|safe|yes|no|urllib2" doc:"safe follows GET and HEAD only"`
	ValidateCerts   bool          `arg:"validate_certs" doc:"check the server's certificate"`
	CAPath          string        `arg:"ca_path" doc:"file on the controller with the authorities to trust"`
	ClientCert      string        `arg:"client_cert" doc:"certificate file on the controller"`
	ClientKey       string        `arg:"client_key" doc:"key file on the controller, where client_cert does not hold it"`
	Username        string        `arg:"url_username,alias=user" doc:"for basic authentication"`
	Password        module.Secret `arg:"url_password,alias=password" doc:"for basic authentication"`
	ForceBasicAuth  bool          `arg:"force_basic_auth" doc:"send the credentials at once, not only when asked; kops always does"`
	Agent           string        `arg:"http_agent" doc:"the User-Agent header"`
	Creates         string        `arg:"creates" doc:"a path: where it exists, nothing is requested"`
	Removes         string        `arg:"removes" doc:"a path: where it does not exist, nothing is requested"`
	Socket          string        `arg:"unix_socket" doc:"a Unix socket on the host to connect to"`
	Dest            string        `arg:"dest,unsupported" doc:"use get_url to keep a file"`
	Src             string        `arg:"src,unsupported" doc:"give the content as body: \"{{ lookup('file', …) }}\""`
	UseProxy        bool          `arg:"use_proxy" doc:"kops connects directly; only false is accepted"`
	Force           bool          `arg:"force" doc:"ask caches for a fresh answer"`
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "uri", Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary: "Sends an HTTP request from the host's side and judges its status.",
			Notes: []string{
				"The host needs no HTTP client: kops speaks HTTP through its SSH connection.",
				"In check mode GET and HEAD are sent; what another method does is unknown.",
			},
			Examples: "- uri:\n    url: http://127.0.0.1:9090/-/ready\n  register: ready\n  until: ready.status == 200\n  retries: 30\n  delay: 1",
			Returns: []module.Return{
				{Name: "status", Type: "int", Text: "the HTTP status; -1 where there was no answer"},
				{Name: "json", Type: "raw", Text: "the body, where it is JSON"},
				{Name: "content", Type: "str", Text: "the body, with return_content or a status that is not good"},
				{Name: "url", Type: "str", Text: "the address after redirects"},
				{Name: "redirected", Type: "bool", Text: "whether there were any"},
				{Name: "elapsed", Type: "int", Text: "seconds"},
				{Name: "HEADER", Type: "str", Text: "each header, in lower case with _ for -"},
			},
		},
		New: func() module.Spec {
			return &Spec{Method: "GET", BodyFormat: "raw", StatusCode: []int{200}, Timeout: 30, FollowRedirects: "safe", ValidateCerts: true, Agent: "kops", UseProxy: false}
		},
	}
}

// Validate implements module.Validator.
func (s *Spec) Validate() error {
	s.Method = strings.ToUpper(s.Method)
	if !strings.HasPrefix(s.URL, "http://") && !strings.HasPrefix(s.URL, "https://") {
		return fmt.Errorf("url: %q is neither http:// nor https://", s.URL)
	}
	if s.UseProxy {
		return fmt.Errorf("use_proxy: kops connects from the host directly; leave it out")
	}
	if s.Timeout <= 0 {
		return fmt.Errorf("timeout: must be at least one second")
	}
	return nil
}

// Plan implements module.Spec. GET and HEAD read, so Plan sends them, once: in check mode too,
// where an answer that is not good is unknown, since an earlier task may bring the right one.
// Any other request is a step that changes nothing by itself, as in Ansible: changed_when says otherwise.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	skip, err := s.guarded(ctx, h)
	if err != nil || skip != "" {
		return module.Change{Result: value.NewMap("msg", skip)}, err
	}
	summary := s.Method + " " + s.URL
	if s.reads() {
		result, err := s.request(ctx, h)
		if err == nil {
			return module.Change{Result: result}, nil
		}
		failed := func(context.Context, remote.Host) (module.Outcome, error) { return module.Outcome{Result: result}, err }
		return module.Change{Steps: []module.Step{{Summary: summary, Do: failed}}, Predict: module.Unknown,
			Why: "whether the answer gets right: " + err.Error()}, nil
	}
	step := module.Step{Summary: summary, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		result, err := s.request(ctx, h)
		return module.Outcome{Result: result}, err
	}}
	c := module.Change{Steps: []module.Step{step}, Predict: module.Unknown, Why: "what answers " + summary}
	return c, nil
}

// reads tells whether the request changes nothing anywhere.
func (s *Spec) reads() bool { return s.Method == http.MethodGet || s.Method == http.MethodHead }

// guarded tells why nothing is to be requested.
func (s *Spec) guarded(ctx context.Context, h remote.Reader) (string, error) {
	if s.Creates == "" && s.Removes == "" {
		return "", nil
	}
	files, err := h.Files(ctx, remote.FileQuery{Path: or(s.Creates, "/"), Follow: true}, remote.FileQuery{Path: or(s.Removes, "/"), Follow: true})
	switch {
	case err != nil:
		return "", err
	case s.Creates != "" && files[0].Exists:
		return "skipped, since '" + s.Creates + "' exists", nil
	case s.Removes != "" && !files[1].Exists:
		return "skipped, since '" + s.Removes + "' does not exist", nil
	}
	return "", nil
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// judge turns an answer into a result, and a status that is not good into a failure.
func (s *Spec) judge(resp *http.Response, body []byte, result *value.Map) error {
	result.Set("status", int64(resp.StatusCode))
	result.Set("url", resp.Request.URL.String())
	result.Set("redirected", resp.Request.URL.String() != s.URL)
	for name, vals := range resp.Header {
		result.Set(strings.ToLower(strings.ReplaceAll(name, "-", "_")), strings.Join(vals, ", "))
	}
	result.Set("msg", fmt.Sprintf("%s (%d bytes)", strings.TrimPrefix(resp.Status, strconv.Itoa(resp.StatusCode)+" "), len(body)))
	good := slices.Contains(s.StatusCode, resp.StatusCode)
	if s.ReturnContent || !good {
		result.Set("content", string(body))
	}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		if v, err := value.ParseJSON(body); err == nil {
			result.Set("json", v)
		}
	}
	if good {
		return nil
	}
	msg := fmt.Sprintf("Status code was %d and not %s: %s %s", resp.StatusCode, value.Str(wanted(s.StatusCode)), s.Method, s.URL)
	if text := strings.TrimSpace(string(body)); text != "" {
		msg += ": " + clip(text)
	}
	return &module.Failure{Msg: msg, Result: result}
}

func wanted(codes []int) *value.List {
	l := value.NewList()
	for _, c := range codes {
		l.Append(int64(c))
	}
	return l
}

func clip(text string) string {
	if len(text) > 300 {
		return text[:300] + "…"
	}
	return text
}
