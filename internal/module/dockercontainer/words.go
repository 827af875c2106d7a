package dockercontainer

import (
	"errors"
	"strings"

	"kops/internal/module"
	"kops/internal/value"
)

// words returns a command as a list: as it is given, or a line split as a shell splits it.
func words(v value.Value) ([]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case *value.List:
		list := []string{}
		for _, item := range v.Items {
			word, err := module.ToString(item)
			if err != nil {
				return nil, err
			}
			list = append(list, word)
		}
		return list, nil
	}
	line, err := module.ToString(v)
	if err != nil {
		return nil, err
	}
	return split(line)
}

// split splits a line at blanks outside of quotes; a backslash takes the next character as
// it is, inside double quotes only before " and \.
func split(line string) ([]string, error) {
	list := []string{}
	var word strings.Builder
	inWord := false
	var quote rune
	escaped := false
	for _, r := range line {
		switch {
		case escaped:
			if quote == '"' && r != '"' && r != '\\' {
				word.WriteRune('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '"' || r == '\'':
			quote, inWord = r, true
		case strings.ContainsRune(" \t\r\n", r):
			if inWord {
				list = append(list, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quote is not closed")
	}
	if inWord {
		list = append(list, word.String())
	}
	return list, nil
}
