package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/state"
)

// owedFolder is where a host keeps which handlers it is owed.
const owedFolder = "/var/lib/kops/owed"

// A debtStore keeps what one host is owed. What put was given is on the disk when it returns.
type debtStore interface {
	put(ctx context.Context, debts []state.Debt) error
	remove(ctx context.Context, debts []state.Debt) error
}

// An account is a store of which it is known what it holds, so that it is read once in a run.
type account struct {
	debtStore
	debts map[string]state.Debt // by key
}

func newAccount(s debtStore, debts []state.Debt) *account {
	a := &account{debtStore: s, debts: map[string]state.Debt{}}
	for _, d := range debts {
		a.debts[d.Key()] = d
	}
	return a
}

func (a *account) put(ctx context.Context, debts []state.Debt) error {
	if err := a.debtStore.put(ctx, debts); err != nil {
		return err
	}
	a.hold(debts)
	return nil
}

// hold takes note of debts that have been put in another way.
func (a *account) hold(debts []state.Debt) {
	for _, d := range debts {
		a.debts[d.Key()] = d
	}
}

func (a *account) remove(ctx context.Context, debts []state.Debt) error {
	if err := a.debtStore.remove(ctx, debts); err != nil {
		return err
	}
	for _, d := range debts {
		delete(a.debts, d.Key())
	}
	return nil
}

// onHost keeps debts on the host itself, as root.
type onHost struct{ host remote.Host }

// putScript defines put KEY TEXT, which writes a debt. It tries twice: another run may have
// removed the folder, empty until then.
const putScript = `umask 077
LC_ALL=C
export LC_ALL
d=` + owedFolder + `
try() {
	mkdir -p -- "$d" || return
	{ printf '%s\n' "$2" | cat >"$d/.$1~"; } && { sync -- "$d/.$1~" 2>/dev/null || sync; } && mv -f -- "$d/.$1~" "$d/$1" && return
	rm -f -- "$d/.$1~"
	return 1
}
put() {
	try "$@" 2>/dev/null || try "$@" || { rmdir -- "$d" "${d%/*}" 2>/dev/null; exit 1; }
}
`

// syncScript has the folders on the disk too.
const syncScript = `sync -- "$d" "${d%/*}" "${d%/*/*}" 2>/dev/null || sync
`

// readScript prints what is owed, one debt a line.
const readScript = `for f in ` + owedFolder + `/*; do [ ! -f "$f" ] || cat -- "$f"; done`

func (s onHost) put(ctx context.Context, debts []state.Debt) error {
	script, err := putDebts(debts)
	if err != nil {
		return err
	}
	_, err = s.host.Script(ctx, script)
	return err
}

// putDebts is the script that writes debts.
func putDebts(debts []state.Debt) (string, error) {
	var b strings.Builder
	b.WriteString(putScript)
	for _, d := range debts {
		text, err := json.Marshal(d)
		if err != nil {
			return "", err
		}
		b.WriteString("put " + d.Key() + " " + module.Quote(string(text)) + "\n")
	}
	return b.String() + syncScript, nil
}

func (s onHost) remove(ctx context.Context, debts []state.Debt) error {
	script := "d=" + owedFolder + "\nrm -f --"
	for _, d := range debts {
		script += ` "$d/` + d.Key() + `"`
	}
	_, err := s.host.Script(ctx, script+" || exit 1\nrmdir -- \"$d\" \"${d%/*}\" 2>/dev/null\nexit 0")
	return err
}

// parseDebts reads what readScript printed. A line that is no debt is an error, and hides none.
func parseDebts(text []byte) ([]state.Debt, error) {
	var debts []state.Debt
	var failures []error
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var d state.Debt
		if err := json.Unmarshal(line, &d); err != nil {
			failures = append(failures, fmt.Errorf("read which handlers are owed: a file in %s holds %q: %w", owedFolder, line, err))
			continue
		}
		debts = append(debts, d)
	}
	return debts, errors.Join(failures...)
}

// onController keeps debts of a host in a folder of the controller: kops has no root there.
type onController struct {
	folder *state.Owed
	host   string
}

func (s onController) put(_ context.Context, debts []state.Debt) error {
	return s.folder.Put(s.host, debts...)
}

func (s onController) remove(_ context.Context, debts []state.Debt) error {
	return s.folder.Remove(s.host, debts...)
}
