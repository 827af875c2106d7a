package geturl

import (
	"context"
	"fmt"
	"path"
	"strings"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// fetchScript downloads $URL to $TMP with what the host has, then moves it to $DEST. The
// configuration of curl and wget, which may hold a password, comes by standard input.
const fetchScript = `set -e
tmp=$1 dest=$2 url=$3 timeout=$4 insecure=$5
trap 'rm -f -- "$tmp"' EXIT
umask 077
if command -v curl >/dev/null 2>&1; then
  curl -fsSL --connect-timeout "$timeout" --speed-time 60 --speed-limit 1 $( [ "$insecure" = 1 ] && echo -k ) -K - -o "$tmp" -- "$url"
elif command -v wget >/dev/null 2>&1; then
  if [ -n "$(cat)" ]; then echo 'headers and passwords need curl on the host' >&2; exit 1; fi
  wget -q -T "$timeout" $( [ "$insecure" = 1 ] && echo --no-check-certificate ) -O "$tmp" -- "$url" </dev/null
else
  echo 'the host has neither curl nor wget: give a checksum, so that the controller fetches the file' >&2
  exit 127
fi
if [ -e "$dest" ]; then chmod --reference="$dest" -- "$tmp" && chown --reference="$dest" -- "$tmp" || true; else chmod 0644 -- "$tmp"; fi
sync -- "$tmp" 2>/dev/null || sync
mv -f -- "$tmp" "$dest"
trap - EXIT
`

// fetchOnHost is the change of a file that the host downloads itself.
func (s *Spec) fetchOnHost(ctx context.Context, h remote.Reader, dest string, old remote.File, result *value.Map) (module.Change, error) {
	known, err := s.Lookup(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	after := s.New(dest, 0, h, known)
	if old.Exists {
		after = s.Apply(old, known)
		after.Path = dest
	}
	predict := module.Changes
	if old.Exists {
		predict = module.Unknown
	}
	c := module.Change{Predict: predict, Effects: []module.Effect{{Path: &after}}, Result: value.NewMap("dest", dest).Merge(result)}
	c.Steps = []module.Step{{Summary: "fetch " + s.URL, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		return s.fetch(ctx, h, dest, old)
	}}}
	if s.Owner != "" || s.Group != "" || s.Mode.IsSet() {
		c.Steps = append(c.Steps, attributes.Step("set owner, group and mode of "+dest, "dest", dest, s.Create(after)))
	}
	return c, nil
}

func (s *Spec) fetch(ctx context.Context, h remote.Host, dest string, old remote.File) (module.Outcome, error) {
	tmp := path.Join(path.Dir(dest), ".kops-"+path.Base(dest)+"~")
	insecure := "0"
	if !s.ValidateCerts {
		insecure = "1"
	}
	out, err := h.Exec(ctx, remote.Command{
		Argv:  []string{"/bin/sh", "-c", fetchScript, "sh", tmp, dest, s.URL, fmt.Sprint(s.Timeout), insecure},
		Stdin: strings.NewReader(s.curlConfig()),
	})
	if err != nil {
		return module.Outcome{}, err
	}
	if out.ExitCode != 0 {
		return module.Outcome{}, &module.Failure{
			Msg:    fmt.Sprintf("the host could not fetch %s: %s", s.URL, strings.TrimSpace(string(out.Stderr))),
			Result: value.NewMap("url", s.URL, "dest", dest, "rc", int64(out.ExitCode)),
		}
	}
	files, err := h.Files(ctx, remote.FileQuery{Path: dest, Follow: true, Hash: "sha1"})
	if err != nil {
		return module.Outcome{}, err
	}
	changed := !old.Exists || old.Size != files[0].Size || old.Checksum == "" || old.Checksum != files[0].Checksum
	result := attributes.Facts(value.NewMap("dest", dest, "checksum_dest", files[0].Checksum), files[0])
	return module.Outcome{Changed: changed, Result: result}, nil
}

// curlConfig passes headers and credentials, which must not stand in a command line.
func (s *Spec) curlConfig() string {
	var b strings.Builder
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	if s.Username != "" {
		fmt.Fprintf(&b, "user = \"%s\"\n", quote.Replace(s.Username+":"+s.Password.Reveal()))
	}
	for k, v := range s.Headers.All() {
		fmt.Fprintf(&b, "header = \"%s\"\n", quote.Replace(value.Str(k)+": "+value.Str(v)))
	}
	return b.String()
}
