// Package template is the action template: it renders a file on the controller and lets module
// copy put the text on the host.
package template

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"kops/internal/diag"
	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/module/copy"
	"kops/internal/remote"
	"kops/internal/run/action"
	"kops/internal/run/action/source"
	"kops/internal/template"
	"kops/internal/value"
	"kops/internal/vars"
)

// Spec is the action's arguments.
type Spec struct {
	action.OnController
	Src        string `arg:"src,required" doc:"the template on the controller, looked for in the folders templates"`
	Dest       string `arg:"dest,required" doc:"where to; with a slash at its end, or an existing folder: into that folder"`
	Backup     bool   `arg:"backup" doc:"keep the old file beside the new one, with the time in its name"`
	Force      bool   `arg:"force" doc:"replace a file that differs; without it an existing file is left alone"`
	Follow     bool   `arg:"follow" doc:"where dest is a link, write what it points at; without it the link is replaced"`
	Validation string `arg:"validate" doc:"a command with %s for the new file's temporary path; it must succeed before the file is replaced"`
	attributes.Arguments

	NewlineSequence string `arg:"newline_sequence" doc:"how lines end: \\n, \\r or \\r\\n"`
	OutputEncoding  string `arg:"output_encoding" doc:"utf-8, us-ascii or iso-8859-1"`
	TrimBlocks      bool   `arg:"trim_blocks" doc:"drop the newline after a block tag"`
	LstripBlocks    bool   `arg:"lstrip_blocks" doc:"drop the blanks before a block tag that begins a line"`
	BlockStart      string `arg:"block_start_string" doc:"what begins a block"`
	BlockEnd        string `arg:"block_end_string" doc:"what ends a block"`
	VariableStart   string `arg:"variable_start_string" doc:"what begins an expression"`
	VariableEnd     string `arg:"variable_end_string" doc:"what ends an expression"`
	CommentStart    string `arg:"comment_start_string" doc:"what begins a comment"`
	CommentEnd      string `arg:"comment_end_string" doc:"what ends a comment"`
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect { return attributes.Touches(s.Dest) }

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name:       "template",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary: "Renders a template of the controller to a file on the host.",
			Notes: []string{
				"Errors name line and column in the template.",
				"newline_sequence also ends the lines within the values of variables.",
			},
			Examples: "- template:\n    src: server.properties.j2\n    dest: /etc/kafka/server.properties\n    owner: kafka\n    mode: \"0640\"\n    backup: true\n",
			Returns: []module.Return{
				{Name: "dest, src", Type: "str", Text: "to where and from where"},
				{Name: "checksum", Type: "str", Text: "SHA-1 of the text"},
				{Name: "backup_file", Type: "str", Text: "where the old file is kept, with backup"},
				{Name: "state, mode, owner, group, uid, gid, size", Type: "", Text: "what the file is afterwards"},
			},
		},
		New: func() module.Spec {
			return &Spec{Force: true, TrimBlocks: true, NewlineSequence: "\n", OutputEncoding: "utf-8",
				BlockStart: "{%", BlockEnd: "%}", VariableStart: "{{", VariableEnd: "}}", CommentStart: "{#", CommentEnd: "#}"}
		},
	}
}

// Validate finds arguments that do not go together.
func (s *Spec) Validate() error {
	switch s.NewlineSequence {
	case "\n", "\r", "\r\n":
	case `\n`, `\r`, `\r\n`:
		s.NewlineSequence = strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(s.NewlineSequence)
	default:
		return fmt.Errorf(`newline_sequence: %q is not one of \n, \r, \r\n`, s.NewlineSequence)
	}
	if _, err := encode("", s.OutputEncoding); err != nil {
		return err
	}
	return attributes.ValidateCommand(s.Validation)
}

// Plan implements module.Spec: it says which of the two that are embedded counts.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	return s.OnController.Plan(ctx, h)
}

// Act renders the template.
func (s *Spec) Act(_ context.Context, env *action.Env) (action.Outcome, error) {
	path, err := env.Scope.Find("templates", s.Src)
	if err != nil {
		return action.Outcome{}, source.Missing("src", err)
	}
	text, err := env.Scope.ReadFile(path)
	if err != nil {
		return action.Outcome{}, fmt.Errorf("src: read %s on the controller: %w", path, err)
	}
	about, mode, err := describe(path, s.Src, s.Dest)
	if err != nil {
		return action.Outcome{}, fmt.Errorf("src: %w", err)
	}
	if v, set := env.Scope.Vars().Lookup("ansible_managed"); set {
		about.Set("ansible_managed", v)
	}
	scope := env.Scope.With(env.Scope.Vars().With(vars.Loop, about))
	rendered, err := scope.RenderFile(text, path, s.options())
	if err != nil {
		return action.Outcome{}, inTask(err, env)
	}
	if u, ok := rendered.(value.Unknown); ok {
		return action.Outcome{Unknown: u.Why}, nil
	}
	out := value.Str(rendered)
	if s.NewlineSequence != "\n" {
		out = strings.ReplaceAll(out, "\n", s.NewlineSequence)
	}
	content, err := encode(out, s.OutputEncoding)
	if err != nil {
		return action.Outcome{}, err
	}
	spec := &copy.Spec{Src: path, Dest: s.Dest, Backup: s.Backup, Force: s.Force, Follow: s.Follow, Validation: s.Validation,
		Arguments: s.Arguments, Source: copy.Content(content), Basename: filepath.Base(path)}
	if spec.Mode.Preserve() {
		spec.Mode = module.OctalMode(mode)
	}
	return action.Outcome{Spec: spec}, nil
}

func (s *Spec) options() template.FileOptions {
	return template.FileOptions{
		TrimBlocks: s.TrimBlocks, LstripBlocks: s.LstripBlocks,
		BlockStart: s.BlockStart, BlockEnd: s.BlockEnd,
		VariableStart: s.VariableStart, VariableEnd: s.VariableEnd,
		CommentStart: s.CommentStart, CommentEnd: s.CommentEnd,
	}
}

// inTask adds the task to an error that has its place in the template.
func inTask(err error, env *action.Env) error {
	var d *diag.Diagnostic
	if !errors.As(err, &d) {
		return err
	}
	c := *d
	c.Related = append(c.Related[:len(c.Related):len(c.Related)], diag.Related{Pos: env.Pos, Text: "in the task '" + env.Task + "'"})
	return &c
}

// encode writes text in an encoding, each of whose characters is one byte unless it is UTF-8.
func encode(text, encoding string) ([]byte, error) {
	limit := rune(0)
	switch strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(encoding)) {
	case "utf-8", "utf8", "":
		return []byte(text), nil
	case "ascii", "us-ascii":
		limit = 0x7f
	case "latin-1", "latin1", "iso-8859-1", "iso8859-1":
		limit = 0xff
	default:
		return nil, fmt.Errorf("output_encoding: %q is not supported: utf-8, us-ascii and iso-8859-1 are", encoding)
	}
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r > limit {
			return nil, fmt.Errorf("output_encoding: the text has %q, which %s cannot write", r, encoding)
		}
		out = append(out, byte(r))
	}
	return out, nil
}
