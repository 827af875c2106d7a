package unarchive

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/remote"
)

// cleanTime bounds the removal of the temporary file of a task that was ended.
const cleanTime = 10 * time.Second

// unpackStep unpacks. Owner, group and mode are set by planning again, which then sees the files.
func (j job) unpackStep() module.Step {
	return module.Step{Summary: fmt.Sprintf("unpack %s in %s", path.Base(j.Src), j.dest), Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		if err := j.unpack(ctx, h); err != nil {
			return module.Outcome{}, err
		}
		return module.Outcome{Changed: true, Replan: j.setsAttributes()}, nil
	}}
}

func (j job) setsAttributes() bool { return j.Owner != "" || j.Group != "" || j.Mode.IsSet() }

// unknown is the change where only tar itself can tell what comes out: it compares, and unpacks if needed.
func (j job) unknown(dest remote.File) module.Change {
	c := module.Change{Predict: module.Unknown, Result: j.result(dest)}
	c.Steps = []module.Step{{Summary: fmt.Sprintf("unpack %s in %s where it differs", path.Base(j.Src), j.dest), Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		if j.setsAttributes() || j.ListFiles {
			return module.Outcome{}, fmt.Errorf("extra_opts: with these, or xz, kops cannot tell which files come out: leave owner, group, mode and list_files to a task of module file")
		}
		if j.format != Zip {
			res, err := j.run(ctx, h, "--diff")
			if err != nil {
				return module.Outcome{}, err
			}
			if res.ExitCode == 0 || len(j.differences(string(res.Stdout)+string(res.Stderr), h.User() == "root")) == 0 && res.ExitCode == 1 {
				return module.Outcome{}, nil
			}
		}
		return module.Outcome{Changed: true}, j.unpack(ctx, h)
	}}}
	return c
}

// unpack unpacks all. Where that fails half-way, what creates names is taken away again (it was not there before):
// the next run would take it for the sign that all was unpacked.
func (j job) unpack(ctx context.Context, h remote.Host) error {
	err := j.unpackAll(ctx, h)
	if err == nil || j.Creates == "" {
		return err
	}
	creates, pathErr := j.createsPath(ctx, h)
	if pathErr == nil {
		_, pathErr = h.Script(ctx, module.Quote("rm", "-rf", "--", creates))
	}
	if pathErr != nil {
		return fmt.Errorf("%w; remove %s before the next run, which would take it for complete (%w)", err, j.Creates, pathErr)
	}
	return err
}

func (j job) unpackAll(ctx context.Context, h remote.Host) error {
	var res remote.Result
	var err error
	if j.format == Zip {
		res, err = j.unzip(ctx, h)
	} else {
		res, err = j.run(ctx, h, "--extract")
	}
	if err != nil {
		return fmt.Errorf("failed to unpack %s to %s: %w", j.Src, j.dest, err)
	}
	if res.ExitCode != 0 {
		res.Stderr = firstComplaints(res.Stderr)
		return &remote.ScriptError{What: fmt.Sprintf("failed to unpack %s to %s", j.Src, j.dest), Result: res}
	}
	return nil
}

// maxComplaints is how many of tar's lines an error shows: on a full disk there is one for each file.
const maxComplaints = 5

func firstComplaints(stderr []byte) []byte {
	lines := strings.Split(strings.TrimSpace(string(stderr)), "\n")
	if len(lines) > maxComplaints {
		lines = append(lines[:maxComplaints:maxComplaints], fmt.Sprintf("… and %d more lines", len(lines)-maxComplaints))
	}
	return []byte(strings.Join(lines, "\n"))
}

// run runs tar; the controller's archive goes to its input, so nothing is left on the host.
func (j job) run(ctx context.Context, h remote.Host, verb string) (remote.Result, error) {
	cmd := remote.Command{Argv: j.tarWords(verb), Env: []string{"LC_ALL=C"}}
	if j.src == "" {
		r, err := j.Archive.Open()
		if err != nil {
			return remote.Result{}, err
		}
		defer r.Close()
		cmd.Stdin = r
	}
	return h.Exec(ctx, cmd)
}

// tarWords is the command line of tar.
func (j job) tarWords(verb string) []string {
	words := []string{"tar", verb, "-C", j.dest, "--show-transformed-names", "--quoting-style=literal"}
	if j.src == "" && tarFlags[j.format] != "" {
		words = append(words, tarFlags[j.format])
	}
	words = append(words, j.ExtraOpts...)
	if verb == "--extract" {
		if j.Owner != "" {
			words = append(words, "--no-same-owner")
		}
		if j.KeepNewer {
			words = append(words, "--keep-newer-files")
		}
	}
	for _, p := range j.Exclude {
		words = append(words, "--exclude="+strings.TrimSuffix(p, "/"))
	}
	src := j.src
	if src == "" {
		src = "-"
	}
	return append(append(words, "-f", src), j.Include...)
}

// differing is what tar --diff says of a file that must be unpacked again.
var differing = regexp.MustCompile(`: (?:Warning: )?(Mod time differs|Size differs|Contents differ|Symlink differs|Not linked to .*|File type differs|Cannot (stat|open): No such file or directory|Mode differs|Uid differs|Gid differs)$`)

// differences are the lines of tar --diff that count: not those about what the task sets itself.
func (j job) differences(out string, root bool) []string {
	var lines []string
	for line := range strings.SplitSeq(out, "\n") {
		m := differing.FindStringSubmatch(line)
		if m == nil || strings.HasPrefix(line, "tar: : ") { // a name of which --strip-components leaves nothing
			continue
		}
		switch {
		case m[1] == "Mode differs" && (j.Mode.IsSet() || !root):
		case m[1] == "Uid differs" && (j.Owner != "" || !root):
		case m[1] == "Gid differs" && (j.Group != "" || !root):
		default:
			lines = append(lines, line)
		}
	}
	return lines
}

// unzip needs a file to read: the controller's archive is one in dest for as long as it takes.
func (j job) unzip(ctx context.Context, h remote.Host) (remote.Result, error) {
	src := j.src
	if src == "" {
		src = path.Join(j.dest, ".kops-"+rand.Text()+"~")
		r, err := j.Archive.Open()
		if err != nil {
			return remote.Result{}, err
		}
		defer r.Close()
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
			defer cancel()
			_, _ = h.Script(ctx, module.Quote("rm", "-f", "--", src)) // the failure that brought us here counts
		}()
		private := module.OctalMode(0o600).Apply(0, false)
		if err := h.WriteFile(ctx, src, io.Reader(r), remote.WriteOptions{Mode: &private, Size: j.Archive.Size()}); err != nil {
			return remote.Result{}, err
		}
	}
	words := []string{"unzip", "-o", "-q"}
	if j.KeepNewer {
		words = append(words, "-u")
	}
	words = append(append(append(words, j.ExtraOpts...), src), j.Include...)
	words = append(words, "-d", j.dest)
	if len(j.Exclude) > 0 {
		words = append(append(words, "-x"), j.Exclude...)
	}
	return h.Exec(ctx, remote.Command{Argv: words})
}
