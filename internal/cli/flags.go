package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kops/internal/diag"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// vaultFlags say where vault passwords come from.
type vaultFlags struct {
	files, ids []string
	ask        bool
}

func (f *vaultFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArrayVar(&f.files, "vault-password-file", nil, "file or executable that gives the vault password")
	fs.StringArrayVar(&f.ids, "vault-id", nil, "vault identity and its password source: ID@FILE or ID@prompt")
	fs.BoolVarP(&f.ask, "ask-vault-pass", "J", false, "ask for the vault password")
}

// specs are the password sources, those of the environment's list first, as ansible-vault
// orders them.
func (f *vaultFlags) specs() []string {
	var specs []string
	for _, spec := range strings.Split(os.Getenv("ANSIBLE_VAULT_IDENTITY_LIST"), ",") {
		if spec = strings.TrimSpace(spec); spec != "" {
			specs = append(specs, spec)
		}
	}
	specs = append(append(specs, f.ids...), f.files...)
	for _, name := range []string{"KOPS_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_PASSWORD_FILE"} {
		if file := os.Getenv(name); file != "" {
			specs = append(specs, file)
			break
		}
	}
	if f.ask {
		specs = append(specs, "prompt")
	}
	return specs
}

// sourceFlags are the flags of every command that reads an inventory or a playbook.
type sourceFlags struct {
	vaultFlags
	inventories    []string
	extraVars      []string
	limit          string
	tags, skipTags []string
}

func (f *sourceFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArrayVarP(&f.inventories, "inventory", "i", nil, "inventory file, folder, script, or list of hosts with a comma; may be given several times")
	fs.StringArrayVarP(&f.extraVars, "extra-vars", "e", nil, "variables as key=value, JSON, YAML or @FILE; they win over all others")
	f.vaultFlags.add(cmd)
}

func (f *sourceFlags) addSelection(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVarP(&f.limit, "limit", "l", "", "run on these hosts only: a pattern, or @FILE")
	fs.StringSliceVarP(&f.tags, "tags", "t", nil, "run only what has one of these tags")
	fs.StringSliceVar(&f.skipTags, "skip-tags", nil, "run only what has none of these tags")
}

// inventoryPaths are the inventories given, or that of the environment.
func (f *sourceFlags) inventoryPaths() []string {
	if len(f.inventories) > 0 {
		return f.inventories
	}
	for _, name := range []string{"KOPS_INVENTORY", "ANSIBLE_INVENTORY"} {
		if v := os.Getenv(name); v != "" {
			return []string{v}
		}
	}
	for _, path := range []string{"inventory.yaml", "inventory.yml"} {
		if _, err := os.Stat(path); err == nil {
			return []string{path}
		}
	}
	return nil
}

// vars reads the -e flags in order; later ones win.
func (f *sourceFlags) vars(opts yamlpos.Options) (*value.Map, error) {
	out := &value.Map{}
	var list diag.List
	for _, text := range f.extraVars {
		m, err := extraVars(text, opts)
		if err != nil {
			list.Add(err)
			continue
		}
		out.Merge(m)
	}
	return out, list.Err()
}

func extraVars(text string, opts yamlpos.Options) (*value.Map, error) {
	pos := value.Position{File: "--extra-vars", Line: 1, Column: 1}
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "":
		return nil, nil
	case trimmed[0] == '@':
		m, _, list := yamlpos.LoadMap(filepath.Clean(trimmed[1:]), opts)
		for _, d := range list {
			if d.Pos.Line == 0 {
				d.Related = append(d.Related, diag.Related{Text: "named by -e " + trimmed})
			}
		}
		return m, list.Err()
	case trimmed[0] == '{' || trimmed[0] == '[' || strings.Contains(trimmed, ": ") && !strings.Contains(strings.Fields(trimmed)[0], "="):
		node, list := yamlpos.ParseOne("--extra-vars", []byte(text))
		if err := list.Err(); err != nil {
			return nil, err
		}
		v, err := node.ToValue(opts)
		if err != nil {
			return nil, err
		}
		m, ok := v.(*value.Map)
		if !ok {
			return nil, diag.Errorf(pos, "-e needs variables as key=value, a mapping, or @FILE, not %s", value.TypeName(v))
		}
		return m, nil
	}
	return keyValues(text, pos)
}

// keyValues reads "a=1 b='two words'". The values are texts, as in Ansible.
func keyValues(text string, pos value.Position) (*value.Map, error) {
	words, err := shellWords(text)
	if err != nil {
		return nil, diag.Errorf(pos, "-e %s: %w", upToValue(text), err)
	}
	m := &value.Map{}
	for i, word := range words {
		key, val, ok := strings.Cut(word, "=")
		if !ok || key == "" {
			return nil, diag.Errorf(pos, "-e %s: word %d is not key=value", upToValue(text), i+1).
				WithHint("write key=value, a JSON or YAML mapping, or @FILE")
		}
		m.Set(key, yamlpos.Text(val, pos))
	}
	return m, nil
}

// upToValue is what an error may show of variables that cannot be read: a password with a
// space in it is the likeliest reason.
func upToValue(text string) string {
	if name, _, ok := strings.Cut(text, "="); ok {
		return name + "=…"
	}
	return text
}

// shellWords splits as a shell does: quotes hold words together.
func shellWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	in := false
	escaped := false
	for _, c := range text {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			escaped, in = true, true
		case quote != 0:
			if c == quote {
				quote = 0
			} else {
				word.WriteRune(c)
			}
		case c == '\'' || c == '"':
			quote, in = c, true
		case c == ' ' || c == '\t' || c == '\n':
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		default:
			word.WriteRune(c)
			in = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("the quote %c is not closed", quote)
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}
