package template

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"kops/internal/value"
)

// stringConstants are those of Python's module string.
var stringConstants = map[string]string{
	"ascii_lowercase": "abcdefghijklmnopqrstuvwxyz",
	"ascii_uppercase": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
	"ascii_letters":   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
	"digits":          "0123456789",
	"hexdigits":       "0123456789abcdefABCDEF",
	"octdigits":       "01234567",
	"punctuation":     "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
	"whitespace":      " \t\n\r\v\f",
}

func passwordLookup(l *lookupCall) ([]value.Value, error) {
	terms, err := l.texts()
	if err != nil {
		return nil, err
	}
	var out []value.Value
	for _, term := range terms {
		path, options := keyValues(term)
		if s, ok := l.Options.Get("chars"); ok && options.At("chars") == nil {
			if text, ok := s.(string); ok { // only inside a term are two commas a comma
				options.Set("chars", value.Strings(strings.Split(text, ",")))
			}
		}
		v, err := l.inline(options).password(path)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (l *lookupCall) password(path string) (string, error) {
	if err := l.known("length", "encrypt", "chars", "ident", "seed"); err != nil {
		return "", err
	}
	scheme := l.text("encrypt", "")
	make := func() (string, error) { return l.newPassword() }
	var password, salt, ident string
	var err error
	if path == "/dev/null" {
		if password, err = make(); err != nil {
			return "", err
		}
		ident = l.text("ident", "")
	} else if password, salt, ident, err = l.storedPassword(path, scheme, make); err != nil {
		return "", err
	}
	l.Env.Hide(password)
	if scheme == "" {
		return password, nil
	}
	return hashPassword(password, scheme, salt, 0, 0, ident)
}

// newPassword draws letters, by the seed where there is one.
func (l *lookupCall) newPassword() (string, error) {
	length, ok, err := l.number("length")
	if err != nil {
		return "", err
	}
	if !ok {
		length = 20
	}
	if length < 0 || length > 1<<16 {
		return "", fmt.Errorf("option 'length' must be from 0 to %d, not %d", 1<<16, length)
	}
	letters := passwordLetters(l.option("chars", value.Strings([]string{"ascii_letters", "digits", ".,:-_"})))
	if len(letters) == 0 {
		return "", errors.New("option 'chars' leaves no characters to choose from")
	}
	seed := l.option("seed", nil)
	if seed != nil {
		seed = value.Str(seed)
	}
	choose, err := newChooser(seed)
	if err != nil {
		return "", err
	}
	out := make([]rune, length)
	for i := range out {
		n, err := pick(choose, len(letters))
		if err != nil {
			return "", err
		}
		out[i] = letters[n]
	}
	return string(out), nil
}

// passwordLetters joins named sets and literal characters. Two commas are a comma.
func passwordLetters(chars value.Value) []rune {
	var specs []string
	if s, ok := chars.(string); ok {
		if strings.Contains(s, ",,") {
			specs = append(specs, ",")
		}
		specs = append(specs, strings.FieldsFunc(strings.ReplaceAll(s, ",,", ","), func(r rune) bool { return r == ',' })...)
	} else {
		specs = listed(chars, "\x00")
	}
	var letters strings.Builder
	for _, spec := range specs {
		if set, ok := stringConstants[spec]; ok {
			spec = set
		}
		letters.WriteString(spec)
	}
	return []rune(strings.NewReplacer(`"`, "", "'", "").Replace(letters.String()))
}

// storedPassword reads the password's file, or makes the password and the file. A lock on
// the folder lets hosts that are evaluated at once agree on one password.
func (l *lookupCall) storedPassword(path, scheme string, make func() (string, error)) (password, salt, ident string, err error) {
	if path, err = l.passwordPath(path); err != nil {
		return "", "", "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", "", "", fmt.Errorf("make the folder of the password file: %w", err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", "", "", err
	}
	defer folder.Close()
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		return "", "", "", fmt.Errorf("lock %s: %w", folder.Name(), err)
	}
	content, err := l.Env.ReadFile(path)
	changed := errors.Is(err, fs.ErrNotExist)
	switch {
	case changed:
		password, err = make()
	case err == nil:
		password, salt, ident = parsePassword(strings.TrimRight(string(content), "\r\n"))
	}
	if err != nil {
		return "", "", "", err
	}
	wanted := l.text("ident", "")
	if ident != "" && wanted != "" && ident != wanted {
		return "", "", "", fmt.Errorf("the ident parameter provided (%s) does not match the stored one (%s)", wanted, ident)
	}
	if ident == "" {
		ident = wanted
	}
	if scheme != "" && salt == "" {
		if salt, err = newSalt(scheme); err != nil {
			return "", "", "", err
		}
		changed = true
	}
	if scheme == "bcrypt" && ident == "" {
		ident, changed = "2b", true
	}
	if changed {
		err = writePassword(path, password, salt, ident)
	}
	return password, salt, ident, err
}

// passwordPath is relative to the playbook's folder, the last of the search path.
func (l *lookupCall) passwordPath(path string) (string, error) {
	path = expandUser(path)
	if path == "" {
		return "", errors.New("the path of the password file is empty")
	}
	dirs := l.Env.Search()
	if filepath.IsAbs(path) || len(dirs) == 0 {
		return filepath.Abs(path)
	}
	return filepath.Join(dirs[len(dirs)-1], path), nil
}

func newSalt(scheme string) (string, error) {
	size := 8
	if s, ok := schemes[scheme]; ok {
		size = s.saltSize
	}
	salt := make([]byte, size)
	for i := range salt {
		n, err := pick(system{}, len(saltLetters))
		if err != nil {
			return "", err
		}
		salt[i] = saltLetters[n]
	}
	return string(salt), nil
}

// parsePassword reads "password salt=… ident=…".
func parsePassword(content string) (password, salt, ident string) {
	i := strings.LastIndex(content, " salt=")
	if i < 0 {
		return content, "", ""
	}
	password, salt = content[:i], content[i+len(" salt="):]
	if i := strings.LastIndex(salt, " ident="); i >= 0 {
		salt, ident = salt[:i], salt[i+len(" ident="):]
	}
	return password, salt, ident
}

// writePassword replaces the file at once, readable by its owner only.
func writePassword(path, password, salt, ident string) error {
	content := password
	if salt != "" {
		content += " salt=" + salt
	}
	if ident != "" && salt != "" {
		content += " ident=" + ident
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".password-*")
	if err != nil {
		return fmt.Errorf("write the password file: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(content + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the password file: %w", err)
	}
	return os.Rename(f.Name(), path)
}
