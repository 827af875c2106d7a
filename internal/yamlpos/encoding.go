package yamlpos

import (
	"bytes"
	"unicode/utf8"

	"kops/internal/diag"
	"kops/internal/value"
)

// decode returns src without its byte order mark, or an error that points at the first
// byte that is not text.
func decode(file string, src []byte) ([]byte, *diag.Diagnostic) {
	if bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")) {
		return nil, diag.Errorf(value.Position{File: file, Line: 1, Column: 1}, "the file is encoded as UTF-16").
			WithHint("save it as UTF-8")
	}
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	if i := bytes.IndexByte(src, 0); i >= 0 {
		return nil, diag.Errorf(offset(file, src, i), "the file is binary: it holds a zero byte")
	}
	for i := 0; i < len(src); {
		c, size := utf8.DecodeRune(src[i:])
		switch {
		case c == utf8.RuneError && size == 1:
			return nil, diag.Errorf(offset(file, src, i), "byte 0x%02x is not UTF-8", src[i]).
				WithHint("the file looks like Latin-1 or binary data; save it as UTF-8")
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f || c > 0x7f && c < 0xa0 && c != 0x85:
			return nil, diag.Errorf(offset(file, src, i), "control character U+%04X is not allowed in YAML", c).
				WithHint(`remove it, or write it as an escape in double quotes: "\x%02x"`, c)
		}
		i += size
	}
	return src, nil
}

// offset returns the position of byte i.
func offset(file string, src []byte, i int) value.Position {
	start := bytes.LastIndexByte(src[:i], '\n') + 1
	return value.Position{
		File:   file,
		Line:   bytes.Count(src[:i], []byte("\n")) + 1,
		Column: utf8.RuneCount(src[start:i]) + 1,
	}
}
