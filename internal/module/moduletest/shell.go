package moduletest

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
)

// Shell answers Script for the modules that work on files. It knows the few commands
// that their scripts are made of, one a line, each but the last ended by " &&": mkdir,
// chmod, chown, chgrp, ln, rm, rmdir, mv, touch. Assign it to a Host's OnScript. Whatever it
// does not know is an error, so a script cannot pass without being understood.
func Shell(h *remotetest.Host, script string) (remote.Result, error) {
	for line := range strings.Lines(script) {
		line, _, _ = strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), " &&"), " || ") // what cleans up is for failures
		words, err := splitWords(line)
		if err != nil {
			return remote.Result{}, err
		}
		if len(words) == 0 {
			continue
		}
		if err := runCommand(h, words[0], words[1:]); err != nil {
			return remote.Result{ExitCode: 1, Stderr: []byte(words[0] + ": " + err.Error())}, nil
		}
	}
	return remote.Result{}, nil
}

// runCommand does one command. Flags that change nothing here (-f, -p, -r, -T) are
// dropped.
func runCommand(h *remotetest.Host, name string, words []string) error {
	flags, mode := "", "0755"
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		flag := words[0]
		words = words[1:]
		if flag == "--" {
			break
		}
		flags += flag
		if name == "mkdir" && flag == "-m" {
			mode, words = words[0], words[1:]
		}
	}
	switch {
	case name == "mkdir":
		for _, p := range words {
			if _, ok := h.Content(p); ok {
				return fmt.Errorf("cannot create directory '%s': File exists", p)
			}
			h.AddDir(p, 0)
			if err := setAttribute(h, "chmod", mode, p); err != nil {
				return err
			}
		}
		return nil
	case name == "rm", name == "rmdir":
		for _, p := range words {
			h.Remove(p)
		}
		return nil
	case name == "touch":
		for _, p := range words {
			if content, ok := h.Content(p); !ok {
				h.AddFile(p, content, 0o644)
			}
		}
		return nil
	case len(words) < 2:
		return fmt.Errorf("moduletest.Shell: too few words for %s", name)
	case name == "ln" && strings.Contains(flags, "s"):
		h.AddLink(words[1], words[0])
		return nil
	case name == "ln":
		content, _ := h.Content(words[0])
		h.AddFile(words[1], content, 0o644)
		return nil
	case name == "mv":
		return move(h, words[0], words[1])
	case name == "chmod", name == "chown", name == "chgrp":
		for _, p := range words[1:] {
			if err := setAttribute(h, name, words[0], p); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("moduletest.Shell does not know %s", name)
}

// move renames a regular file or a link.
func move(h *remotetest.Host, from, to string) error {
	files, err := h.Files(context.Background(), remote.FileQuery{Path: from, Content: 1 << 20})
	if err != nil || !files[0].Exists {
		return fmt.Errorf("cannot stat '%s': No such file or directory", from)
	}
	f := files[0]
	h.Remove(from)
	h.Remove(to)
	if f.IsLink() {
		h.AddLink(to, f.Link)
		return nil
	}
	h.AddFile(to, string(f.Content), f.Mode)
	h.Chown(to, f.UID, f.GID)
	return nil
}

func setAttribute(h *remotetest.Host, command, what, p string) error {
	p = path.Clean(p)
	if command == "chmod" {
		bits, err := strconv.ParseUint(what, 8, 32)
		if err != nil {
			return fmt.Errorf("invalid mode: '%s'", what)
		}
		h.Chmod(p, fs.FileMode(bits))
		return nil
	}
	files, err := h.Files(context.Background(), remote.FileQuery{Path: p})
	if err != nil || !files[0].Exists {
		return fmt.Errorf("cannot access '%s': No such file or directory", p)
	}
	owner, group, _ := strings.Cut(what, ":")
	if command == "chgrp" {
		owner, group = "", what
	}
	uid, gid := files[0].UID, files[0].GID
	accounts, err := h.Accounts(context.Background(), []string{owner}, []string{group})
	if err != nil {
		return err
	}
	if owner != "" {
		u, ok := accounts.Users[owner]
		if uid = u.UID; !ok {
			if uid, err = strconv.Atoi(owner); err != nil {
				return fmt.Errorf("invalid user: '%s'", owner)
			}
		}
	}
	if group != "" {
		g, ok := accounts.Groups[group]
		if gid = g.GID; !ok {
			if gid, err = strconv.Atoi(group); err != nil {
				return fmt.Errorf("invalid group: '%s'", group)
			}
		}
	}
	h.Chown(p, uid, gid)
	return nil
}

// splitWords undoes module.Quote.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	in, quoted := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\'':
			in, quoted = true, !quoted
		case quoted:
			word.WriteByte(c)
		case c == '\\' && i+1 < len(line):
			i++
			in = true
			word.WriteByte(line[i])
		case c == ' ':
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		default:
			in = true
			word.WriteByte(c)
		}
	}
	if quoted {
		return nil, fmt.Errorf("moduletest.Shell: an open quote in %s", module.Quote(line))
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}
