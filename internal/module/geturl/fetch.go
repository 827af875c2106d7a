package geturl

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// cleanTime bounds the removal of the temporary file of a task that was ended.
const cleanTime = 10 * time.Second

// A fetch is one download.
type fetch struct {
	*Spec
	old, after remote.File
}

func (f fetch) do(ctx context.Context, h remote.Host) (module.Outcome, error) {
	temp := path.Join(path.Dir(f.old.Path), ".kops-"+rand.Text()+"~")
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
		defer cancel()
		_, _ = h.Script(ctx, module.Quote("rm", "-f", "--", temp)) // after success there is nothing to remove
	}()
	start := time.Now()
	status, err := f.get(ctx, h, temp)
	if err != nil {
		return module.Outcome{}, err
	}
	out, err := f.commit(ctx, h, temp)
	if err != nil {
		return out, err
	}
	if status > 0 {
		out.Result.Set("status_code", int64(status))
	}
	out.Result.Set("elapsed", int64(time.Since(start).Seconds()))
	return out, nil
}

// get downloads into temp and returns the HTTP status; 0 for FTP. What curl is told comes by its
// input, so no secret can be seen in the host's list of processes.
func (f fetch) get(ctx context.Context, h remote.Host, temp string) (int, error) {
	wget := "echo 'neither curl nor wget is on the host: install one, or give a checksum and let the controller download' >&2; exit 127"
	switch {
	case f.needsCurl():
		wget = "echo 'credentials, headers, certificates and FTP need curl, which is not on the host' >&2; exit 127"
	default:
		wget = "if ! command -v wget >/dev/null; then " + wget + "; fi\nexec wget " + module.Quote(f.wgetWords(temp)...)
	}
	script := "umask 077\nif command -v curl >/dev/null; then\n\tcurl --config -; got=$?\n" +
		"\t[ $got -ne 23 ] || head -c 65536 /dev/zero >>" + module.Quote(temp) + "\n\texit $got\nfi\n" + wget // 23: why it cannot be written, curl does not say
	res, err := h.Exec(ctx, remote.Command{Shell: script, Stdin: strings.NewReader(f.curlConfig(temp)), Env: []string{"LC_ALL=C"}})
	if err != nil {
		return 0, fmt.Errorf("download %s: %w", f.redacted(), err)
	}
	status, _ := strconv.Atoi(strings.TrimSpace(string(res.Stdout)))
	if status == 0 {
		status = wgetStatus(string(res.Stderr))
	}
	switch {
	case status >= 400:
		return status, &module.Failure{Msg: fmt.Sprintf("Request failed: HTTP Error %d: %s: %s", status, http.StatusText(status), f.redacted()),
			Result: value.NewMap("status_code", int64(status), "url", f.redacted(), "dest", f.old.Path)}
	case res.ExitCode != 0:
		return status, &remote.ScriptError{What: "download " + f.redacted() + " to " + f.old.Path, Result: res}
	}
	return status, nil
}

func (f fetch) redacted() string {
	u, err := url.Parse(f.URL)
	if err != nil {
		return "the file"
	}
	return u.Redacted()
}

func (f fetch) needsCurl() bool {
	u, err := url.Parse(f.URL)
	return err != nil || u.User != nil || u.Scheme == "ftp" || f.Username != "" || f.Headers.Len() > 0 || f.ClientCert != ""
}

// curlConfig is what curl reads from its input.
func (f fetch) curlConfig(temp string) string {
	var b strings.Builder
	set := func(name, text string) {
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text)
		fmt.Fprintf(&b, "%s = \"%s\"\n", name, quoted)
	}
	b.WriteString("location\nsilent\nshow-error\ngloboff\n")
	set("url", f.URL)
	set("output", temp)
	set("write-out", "%{http_code}")
	set("user-agent", f.Agent)
	fmt.Fprintf(&b, "connect-timeout = %d\nspeed-limit = 1\nspeed-time = %d\n", f.Timeout, f.Timeout)
	if !f.ValidateCerts {
		b.WriteString("insecure\n")
	}
	if !f.UseProxy {
		set("noproxy", "*")
	}
	if f.Force {
		set("header", "Cache-Control: no-cache")
	}
	if f.Username != "" {
		set("user", f.Username+":"+f.Password.Reveal())
	}
	if f.ClientCert != "" {
		set("cert", f.ClientCert)
	}
	if f.ClientKey != "" {
		set("key", f.ClientKey)
	}
	for name, text := range f.Headers.All() {
		set("header", value.Str(name)+": "+value.Str(text))
	}
	return b.String()
}

func (f fetch) wgetWords(temp string) []string {
	words := []string{"-S", "-T", strconv.Itoa(f.Timeout), "-U", f.Agent, "-O", temp}
	if !f.ValidateCerts {
		words = append(words, "--no-check-certificate")
	}
	if !f.UseProxy {
		words = append(words, "--no-proxy")
	}
	if f.Force {
		words = append(words, "--header=Cache-Control: no-cache")
	}
	return append(words, "--", f.URL)
}

// wgetStatus finds the last status line that wget -S prints; 0 where there is none.
func wgetStatus(stderr string) int {
	status := 0
	for line := range strings.Lines(stderr) {
		fields := strings.Fields(line)
		if len(fields) > 1 && strings.HasPrefix(fields[0], "HTTP/") {
			if n, err := strconv.Atoi(fields[1]); err == nil {
				status = n
			}
		}
	}
	return status
}

// commit verifies what was downloaded and puts it in its place, unless the same is there already.
func (f fetch) commit(ctx context.Context, h remote.Host, temp string) (module.Outcome, error) {
	algorithm, digest, err := f.digest()
	if err != nil {
		return module.Outcome{}, err
	}
	queries := []remote.FileQuery{{Path: temp, Hash: "sha1"}, {Path: f.old.Path, Follow: true, Hash: "sha1"}}
	if algorithm != "" {
		queries = append(queries, remote.FileQuery{Path: temp, Hash: algorithm})
	}
	files, err := h.Files(ctx, queries...)
	if err != nil {
		return module.Outcome{}, err
	}
	got, old := files[0], files[1]
	if !got.Exists {
		return module.Outcome{}, fmt.Errorf("download %s: the server sent nothing", f.redacted())
	}
	if algorithm != "" && files[2].Checksum != digest {
		return module.Outcome{}, fmt.Errorf("checksum: The checksum for %s did not match %s; it was %s: nothing was written to %s", f.redacted(), digest, files[2].Checksum, f.old.Path)
	}
	result := value.NewMap("checksum_src", got.Checksum, "checksum_dest", nil, "msg", fmt.Sprintf("OK (%d bytes)", got.Size))
	if old.Exists {
		result.Set("checksum_dest", old.Checksum)
	}
	backup := ""
	commands := attributes.Commands(old, f.after)
	same := old.IsRegular() && old.Checksum == got.Checksum
	if !same {
		if f.Backup && old.Exists {
			backup = attributes.BackupName(f.old.Path)
			result.Set("backup_file", backup)
		}
		commands = f.replace(temp, old, backup)
	}
	if len(commands) == 0 {
		return module.Outcome{Result: attributes.Facts(value.NewMap("dest", f.old.Path), old).Merge(result)}, nil
	}
	out, err := attributes.Step("write "+f.old.Path, "dest", f.old.Path, commands).Do(ctx, h)
	if err != nil {
		return out, err
	}
	out.Result.Merge(result)
	return out, nil
}

// replace gives the temporary file the attributes of the old one, or those asked for, and renames
// it. A link's target is replaced, not the link.
func (f fetch) replace(temp string, old remote.File, backup string) []string {
	a := f.Arguments
	if old.Exists {
		a = attributes.Arguments{Owner: f.after.Owner, Group: f.after.Group, Mode: module.OctalMode(f.after.Mode)}
	}
	after := f.after
	after.Path = temp
	var commands []string
	if backup != "" {
		commands = append(commands, module.Quote("cp", "-p", "--", f.old.Path, backup))
	}
	if !a.Mode.IsSet() { // what the umask leaves, which the download itself did not get
		commands = append(commands, module.Quote("chmod", "--", "=rw", temp))
	}
	commands = append(commands, a.Create(after)...)
	if old.Exists {
		label := module.Quote("chcon", "--reference="+f.old.Path, "--", temp)
		commands = append(commands, "{ "+label+" 2>/dev/null || :; }") // a host without SELinux has no labels
	}
	path := module.Quote(f.old.Path)
	return append(commands, fmt.Sprintf(`p=%s; if [ -L "$p" ]; then p=$(readlink -f -- "$p"); fi; mv -f -- %s "$p"`, path, module.Quote(temp)))
}
