package attributes

import (
	"context"
	"fmt"
	"path"
	"strings"

	"kops/internal/module"
	"kops/internal/remote"
)

// Path returns p in its shortest form. "~" and "~name" at its beginning stand for a home
// folder, which costs a round trip; any other relative path is an error that names the argument.
func Path(ctx context.Context, h remote.Reader, argument, p string) (string, error) {
	if path.IsAbs(p) {
		return path.Clean(p), nil
	}
	if !strings.HasPrefix(p, "~") {
		return "", fmt.Errorf("%s: %q is not an absolute path: a host has no current folder that a playbook could rely on", argument, p)
	}
	name, rest, _ := strings.Cut(p[1:], "/")
	if name == "" {
		name = h.User()
	}
	accounts, err := h.Accounts(ctx, []string{name}, nil)
	if err != nil {
		return "", err
	}
	user, ok := accounts.Users[name]
	if !ok {
		return "", fmt.Errorf("%s: %q: there is no user %s on the host (%w)", argument, p, name, module.ErrDependsOnEarlier)
	}
	return path.Join(user.Home, rest), nil
}

// MissingParent is the error for a path whose folder does not exist.
func MissingParent(argument, p string) error {
	dir := path.Dir(p)
	return fmt.Errorf("%s: the folder %s does not exist: create it before, with file: path=%s state=directory (%w)", argument, dir, dir, module.ErrDependsOnEarlier)
}
