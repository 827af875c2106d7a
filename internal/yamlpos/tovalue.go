package yamlpos

import (
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
)

// A Decrypter opens what ansible-vault encrypted. Its errors say what is missing.
type Decrypter interface {
	// DecryptFile returns the text of a file that is encrypted as a whole.
	DecryptFile(src []byte) ([]byte, error)
	// DecryptValue returns the text of one !vault value.
	DecryptValue(text string) (string, error)
	// Seen is told each text and number in a file that is encrypted as a whole, with its key.
	Seen(key, text string)
}

// Options say how nodes become values.
type Options struct {
	// Untrusted text is never templated: it comes from a program or a host.
	Untrusted bool
	// Decrypter opens !vault values and encrypted files. Nil: they are errors.
	Decrypter Decrypter
}

// IsTemplate tells whether trusted text has to be templated.
func IsTemplate(s string) bool {
	i := strings.IndexByte(s, '{')
	for i >= 0 && i+1 < len(s) {
		if c := s[i+1]; c == '{' || c == '%' || c == '#' {
			return true
		}
		next := strings.IndexByte(s[i+1:], '{')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

// Text returns a trusted text as a value: a template where it has markers.
func Text(s string, pos value.Position) value.Value {
	if IsTemplate(s) {
		return value.Template{Source: s, Pos: pos}
	}
	return s
}

// ToValue returns what n means. Trusted text with template markers becomes a value.Template,
// keys and what is tagged !unsafe stay text, and !vault is decrypted. The error is a
// diag.List of all that went wrong.
func (n *Node) ToValue(opts Options) (value.Value, error) {
	if n == nil {
		return nil, nil
	}
	var list diag.List
	v := n.convert(opts, &list)
	return v, list.Err()
}

func (n *Node) convert(opts Options, list *diag.List) value.Value {
	if n.Tag == TagUnsafe {
		opts.Untrusted = true
	}
	switch n.Kind {
	case Mapping:
		m := value.NewMap()
		for _, p := range n.Pairs {
			m.Set(p.Key.Value, p.Value.convert(opts, list))
		}
		return m
	case Sequence:
		l := value.NewList()
		for _, item := range n.Items {
			l.Append(item.convert(opts, list))
		}
		return l
	}
	text, ok := n.Value.(string)
	if n.Tag == TagVault {
		text = n.decrypt(opts, list)
	} else if !ok {
		return n.Value
	}
	if opts.Untrusted {
		return text
	}
	return Text(text, n.Text)
}

func (n *Node) decrypt(opts Options, list *diag.List) string {
	if opts.Decrypter == nil {
		list.Add(diag.Errorf(n.Pos, "the value is encrypted, and there is no vault password").
			WithHint("give one with --vault-password-file"))
		return ""
	}
	text, err := opts.Decrypter.DecryptValue(n.Raw)
	if err != nil {
		list.Add(diag.Errorf(n.Pos, "cannot decrypt the value: %w", err))
	}
	return text
}
