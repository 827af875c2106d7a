package module

import "io/fs"

// A Secret is an argument whose value never appears in an event, a diff or an error.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "********"
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// A Mode is a file mode argument: octal ("0644", 420) or symbolic ("u=rw,g-w,o=").
// The zero Mode changes nothing.
type Mode struct {
	octal    *fs.FileMode
	symbolic []modeClause
	preserve bool
}

// IsSet tells whether a mode was asked for.
func (m Mode) IsSet() bool { return m.octal != nil || m.symbolic != nil || m.preserve }

// Preserve tells whether the mode is "preserve": that of the source.
func (m Mode) Preserve() bool { return m.preserve }
