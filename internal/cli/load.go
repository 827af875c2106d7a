package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"kops/internal/diag"
	"kops/internal/inventory"
	"kops/internal/module"
	"kops/internal/module/all"
	"kops/internal/plan"
	"kops/internal/playbook"
	actions "kops/internal/run/action/all"
	"kops/internal/secret"
	"kops/internal/template"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// session is what the commands share: how files are read, what is secret.
type session struct {
	streams Streams
	masker  *secret.Masker
	vault   *secret.Vault
	yaml    yamlpos.Options
	engine  *template.Engine
}

// newSession reads the vault passwords and returns a session.
func newSession(ctx context.Context, streams Streams, f *sourceFlags) (*session, error) {
	s := &session{streams: streams, masker: streams.masker}
	passwords, err := s.passwords(ctx, f.specs(), false)
	if err != nil {
		return nil, err
	}
	s.vault = secret.NewVault(passwords, s.masker)
	s.yaml = yamlpos.Options{Decrypter: s.vault}
	s.engine = template.New(template.Options{ReadFile: s.readFile, Hide: s.masker.Add})
	return s, nil
}

// passwords reads vault passwords from their sources. Those that are new, for encrypting,
// are asked for twice.
func (s *session) passwords(ctx context.Context, specs []string, isNew bool) ([]secret.Password, error) {
	var passwords []secret.Password
	for _, spec := range specs {
		p, err := secret.Source{Spec: spec, New: isNew}.Read(ctx, s.prompt)
		if err != nil {
			return nil, diag.Errorf(value.Position{}, "%w", err).WithHint("check --vault-password-file and --vault-id")
		}
		passwords = append(passwords, p)
	}
	return passwords, nil
}

// source is a file's text for the lines in which something went wrong: as it is written, so what
// a vault encrypts stays encrypted, and masked.
func (s *session) source(path string) ([]byte, error) {
	src, err := os.ReadFile(path)
	return []byte(s.masker.Mask(string(src))), err
}

// readFile reads a file, decrypted where it is a vault.
func (s *session) readFile(path string) ([]byte, error) {
	src, err := os.ReadFile(path)
	if err != nil || !secret.IsEncrypted(src) {
		return src, err
	}
	plain, err := s.vault.DecryptFile(src)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.masker.Add(string(plain))
	return plain, nil
}

// extraVars reads the -e flags. Those that are named as secrets are hidden.
func (s *session) extraVars(f *sourceFlags) (*value.Map, error) {
	extra, err := f.vars(s.yaml)
	if extra != nil {
		s.hideNamed("", extra)
	}
	return extra, err
}

// hideNamed hides the values below v whose names say that they are secrets.
func (s *session) hideNamed(name string, v value.Value) {
	switch v := v.(type) {
	case *value.Map:
		for k, item := range v.All() {
			s.hideNamed(value.Str(k), item)
		}
	case *value.List:
		for _, item := range v.Items {
			s.hideNamed(name, item)
		}
	case string, int64:
		s.masker.AddNamed(name, value.Str(v))
	}
}

// hidePrompted hides the answers and defaults of private vars_prompts, and what the command
// line gives in their place.
func (s *session) hidePrompted(p *plan.Plan) {
	for _, play := range p.Plays() {
		for _, prompt := range play.VarsPrompt {
			for _, m := range []*value.Map{play.Prompted, p.ExtraVars()} {
				if text, ok := m.At(prompt.Name).(string); ok && prompt.Private {
					s.masker.Add(text)
				}
			}
		}
	}
}

// prompt asks for a secret.
func (s *session) prompt(text string) ([]byte, error) {
	answer, err := s.ask(context.Background(), text, true)
	return []byte(answer), err
}

// errNoTerminal says that there is nobody to ask.
var errNoTerminal = errors.New("there is no terminal to ask")

// ask asks the user on the terminal. A secret answer is not shown.
func (s *session) ask(_ context.Context, text string, hidden bool) (string, error) {
	if !s.streams.InIsTerminal {
		return "", fmt.Errorf("%q: %w", strings.TrimSpace(text), errNoTerminal)
	}
	fmt.Fprint(s.streams.Err, text)
	if hidden {
		answer, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(s.streams.Err)
		s.masker.Add(string(answer))
		return string(answer), err
	}
	line, err := bufio.NewReader(s.streams.In).ReadString('\n')
	if err == io.EOF {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}

// registry is every module and action.
func registry() *module.Registry {
	return module.NewRegistry(all.Modules()).Override(actions.Modules())
}

// inventory loads the inventories. Where none is given, it has the implicit localhost only.
func (s *session) inventory(ctx context.Context, f *sourceFlags) (*inventory.Inventory, diag.List) {
	paths := f.inventoryPaths()
	if len(paths) == 0 {
		return inventory.New(), nil
	}
	return inventory.Load(ctx, paths, s.yaml)
}

// plan loads playbooks and inventory and puts them together. The diagnostics may be
// warnings only; with errors the plan is nil.
func (s *session) plan(ctx context.Context, f *sourceFlags, startAt string, paths []string) (*plan.Plan, diag.List) {
	var list diag.List
	inv, found := s.inventory(ctx, f)
	list = append(list, found...)
	extra, err := s.extraVars(f)
	list.Add(err)
	limit, err := inventory.ReadLimit(f.limit)
	list.Add(err)
	reg := registry()
	loader := s.loader(reg, extra)
	var books []*playbook.Playbook
	for _, path := range paths {
		book, found := loader.Playbook(path)
		list = append(list, found...)
		books = append(books, book)
	}
	dir, found := inventory.ReadVarsDir(filepath.Dir(paths[0]), inv, s.yaml)
	list = append(list, found...)
	p, found := plan.New(plan.Options{
		Playbooks: books, Inventory: inv, VarsDir: dir, Registry: reg, Engine: s.engine, YAML: s.yaml,
		LoadTasks: loader.Tasks, ExtraVars: extra, Limit: limit, StartAt: startAt, Partial: list.HasErrors(),
		Tags: plan.Tags{Run: f.tags, Skip: f.skipTags},
	})
	list = append(list, found...)
	if p != nil {
		list = append(list, p.Selection()...)
	}
	list.Sort()
	if list.HasErrors() {
		return nil, list
	}
	return p, list
}

// pattern is a plan of one play without tasks, on the hosts of a pattern, with the variables of a folder of playbooks
// where one is given.
func (s *session) pattern(ctx context.Context, f *sourceFlags, playbookDir, pattern, limit string) (*plan.Plan, error) {
	inv, list := s.inventory(ctx, f)
	extra, err := s.extraVars(f)
	list.Add(err)
	var dir *inventory.VarsDir
	if playbookDir != "" {
		var found diag.List
		dir, found = inventory.ReadVarsDir(filepath.Clean(playbookDir), inv, s.yaml)
		list = append(list, found...)
	}
	play := &playbook.Play{Hosts: playbook.Field{Value: pattern, Pos: value.Position{Line: 1}}}
	play.GatherFacts = playbook.Field{Value: false, Pos: value.Position{Line: 1}}
	p, found := plan.New(plan.Options{
		Playbooks: []*playbook.Playbook{{Plays: []*playbook.Play{play}}}, Inventory: inv, VarsDir: dir,
		Registry: registry(), Engine: s.engine, YAML: s.yaml, ExtraVars: extra, Limit: limit,
	})
	list = append(list, found...)
	if list.HasErrors() {
		return nil, list
	}
	if !p.AnyHosts() {
		return nil, usageError{fmt.Errorf("no host matches %q; kops inventory --graph shows the hosts and groups that there are", pattern)}
	}
	return p, nil
}
