package yamlpos

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
)

// vaultHeader begins a file that ansible-vault encrypted as a whole.
const vaultHeader = "$ANSIBLE_VAULT;"

// Load reads the one document of a file, YAML or JSON, decrypting it where it is encrypted.
// An empty file gives a null node.
func Load(path string, opts Options) (*Node, diag.List) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, diag.List{ReadError(path, err)}
	}
	if !bytes.HasPrefix(src, []byte(vaultHeader)) {
		return parseAny(path, src)
	}
	if opts.Decrypter == nil {
		return nil, diag.List{diag.Errorf(value.Position{File: path}, "the file is encrypted, and there is no vault password").
			WithHint("give one with --vault-password-file")}
	}
	src, err = opts.Decrypter.DecryptFile(src)
	if err != nil {
		return nil, diag.List{diag.Errorf(value.Position{File: path}, "cannot decrypt the file: %w", err)}
	}
	n, list := parseAny(path, src)
	announce(n, "", opts.Decrypter)
	if list.HasErrors() {
		announceWords(string(src), opts.Decrypter)
	}
	return n, list
}

// announceWords tells the decrypter each line of a text that is no YAML, each value in it and
// each word: the error quotes what it cannot read.
func announceWords(src string, to Decrypter) {
	for line := range strings.Lines(src) {
		to.Seen("", strings.TrimSpace(line))
		_, val, _ := strings.Cut(line, ":")
		to.Seen("", strings.TrimSpace(val))
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\n\r\"'{}[],:!", r) }) {
			to.Seen("", word)
		}
	}
}

// LoadMap reads a file of variables: a mapping, or nothing. Its keys' places are in the node.
func LoadMap(path string, opts Options) (*value.Map, *Node, diag.List) {
	n, list := Load(path, opts)
	if list.HasErrors() {
		return value.NewMap(), nil, list
	}
	if n.IsNull() {
		return value.NewMap(), n, list
	}
	if n.Kind != Mapping {
		list.Add(diag.Errorf(n.Pos, "a file of variables must be a mapping of names to values, not %s", n.Describe()))
		return value.NewMap(), n, list
	}
	v, err := n.ToValue(opts)
	list.Add(err)
	m, _ := v.(*value.Map)
	return m, n, list
}

// ReadError says why a file cannot be read, in few words.
func ReadError(path string, err error) *diag.Diagnostic {
	d := diag.Errorf(value.Position{File: path}, "cannot read the file: %w", err)
	var pathErr *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.Summary = "the file does not exist"
	case errors.Is(err, fs.ErrPermission):
		d.Summary = "the file may not be read: permission denied"
	case errors.As(err, &pathErr):
		d.Summary = "cannot read the file: " + pathErr.Err.Error()
	}
	return d
}

// parseAny reads JSON where src is that, as Ansible does, else YAML.
func parseAny(path string, src []byte) (*Node, diag.List) {
	trimmed := bytes.TrimLeft(src, " \t\r\n")
	if len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') && json.Valid(src) {
		return ParseJSON(path, src)
	}
	return ParseOne(path, src)
}

// announce tells the decrypter each text and number below n.
func announce(n *Node, key string, to Decrypter) {
	if n == nil {
		return
	}
	for _, p := range n.Pairs {
		announce(p.Value, p.Key.Raw, to)
	}
	for _, item := range n.Items {
		announce(item, key, to)
	}
	if n.Kind != Scalar || n.Tag == TagVault {
		return
	}
	if s, ok := n.Str(); ok {
		to.Seen(key, s)
	} else if n.Value != nil {
		to.Seen(key, n.Raw) // a number, perhaps
	}
}
