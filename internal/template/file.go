package template

import (
	"path/filepath"
	"strings"

	"kops/internal/jinja"
	"kops/internal/value"
	"kops/internal/vars"
)

// FileOptions are the settings of the template action that change how a file is read.
type FileOptions struct {
	TrimBlocks, LstripBlocks   bool
	BlockStart, BlockEnd       string
	VariableStart, VariableEnd string
	CommentStart, CommentEnd   string
}

// DefaultFileOptions are the template action's defaults.
func DefaultFileOptions() FileOptions { return FileOptions{TrimBlocks: true} }

// RenderFile renders the text of a template file: always text, or Unknown. The newline at its end stays.
func (s *Scope) RenderFile(source []byte, path string, opts FileOptions) (value.Value, error) {
	t, err := s.parseFile(string(source), path, opts)
	if err != nil {
		return nil, err
	}
	return t.Render(s.evalContext(), s)
}

// fileKey is what a compiled template file depends on.
type fileKey struct {
	source, path, search string
	opts                 FileOptions
}

// parseFile compiles a template file, once for all hosts that render it.
func (s *Scope) parseFile(source, path string, opts FileOptions) (*jinja.Template, error) {
	key := fileKey{source, path, strings.Join(s.search, "\x00"), opts}
	cache := s.engine.cache.Load()
	if t, ok := cache.Load(key); ok {
		return t.(*jinja.Template), nil
	}
	text, opts := header(source, opts)
	line := 1 + strings.Count(source, "\n") - strings.Count(text, "\n")
	t, err := s.fileEnv(path, &opts).Parse(text, value.Position{File: path, Line: line, Column: 1})
	if err != nil {
		return nil, err
	}
	s.engine.keep(cache, key, t)
	return t, nil
}

// header reads the line "#jinja2: trim_blocks:True, lstrip_blocks:True" that a template may begin with.
func header(source string, opts FileOptions) (string, FileOptions) {
	const mark = "#jinja2:"
	if !strings.HasPrefix(source, mark) {
		return source, opts
	}
	line, rest, _ := strings.Cut(source, "\n")
	for pair := range strings.SplitSeq(line[len(mark):], ",") {
		key, val, _ := strings.Cut(pair, ":")
		val = strings.Trim(strings.TrimSpace(val), `'"`)
		switch strings.TrimSpace(key) {
		case "trim_blocks":
			opts.TrimBlocks = strings.EqualFold(val, "true")
		case "lstrip_blocks":
			opts.LstripBlocks = strings.EqualFold(val, "true")
		case "variable_start_string":
			opts.VariableStart = val
		case "variable_end_string":
			opts.VariableEnd = val
		case "block_start_string":
			opts.BlockStart = val
		case "block_end_string":
			opts.BlockEnd = val
		}
	}
	return rest, opts
}

// fileEnv returns an environment for one template file: its folder comes first when it
// includes others.
func (s *Scope) fileEnv(path string, o *FileOptions) *jinja.Env {
	return jinja.New(jinja.Options{
		Filters: filters(s.engine.opts.Hide), Tests: tests(), Globals: s.engine.globals(), Lazy: lazy(),
		Loader:              s.loader(path),
		TrimBlocks:          o.TrimBlocks,
		LstripBlocks:        o.LstripBlocks,
		KeepTrailingNewline: true,
		BlockStart:          o.BlockStart, BlockEnd: o.BlockEnd,
		VariableStart: o.VariableStart, VariableEnd: o.VariableEnd,
		CommentStart: o.CommentStart, CommentEnd: o.CommentEnd,
	})
}

// loader finds the templates that a template includes, imports or extends.
func (s *Scope) loader(path string) func(name, from string) (string, value.Position, error) {
	return func(name, from string) (string, value.Position, error) {
		inner := *s
		inner.search = append([]string{filepath.Dir(path)}, s.search...)
		found, err := inner.Find("templates", name)
		if err != nil {
			return "", value.Position{}, err
		}
		source, err := s.ReadFile(found)
		return string(source), value.Position{File: found, Line: 1, Column: 1}, err
	}
}

// Render renders a template file's text with more variables, for the template lookup.
func (s *Scope) Render(source []byte, path string, extra *value.Map) (value.Value, error) {
	return s.With(s.vars.With(vars.Loop, extra)).RenderFile(source, path, DefaultFileOptions())
}
