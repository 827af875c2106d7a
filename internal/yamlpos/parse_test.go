package yamlpos

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kops/internal/diag"
	"kops/internal/value"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got:\n%s\nwant:\n%s", path, got, want)
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatal(pattern, names, err)
	}
	return names
}

func TestBadInput(t *testing.T) {
	for _, name := range files(t, "testdata/bad/*.yaml") {
		_, list := Load(name, Options{})
		var b strings.Builder
		if err := diag.Render(&b, list, diag.RenderOptions{Source: os.ReadFile}); err != nil {
			t.Fatal(err)
		}
		golden(t, strings.TrimSuffix(name, ".yaml")+".golden", b.String())
	}
}

// fakeVault opens everything, to a text that is a template.
type fakeVault struct{ seen *[]string }

func (fakeVault) DecryptFile([]byte) ([]byte, error) {
	return []byte("user: kafka\npass: [s3cret, 1]\n"), nil
}
func (fakeVault) DecryptValue(text string) (string, error) {
	return "opened {{ v }} of " + strings.Fields(text)[0], nil
}
func (v fakeVault) Seen(key, text string) { *v.seen = append(*v.seen, key+"="+text) }

func dump(b *strings.Builder, prefix string, v value.Value) {
	switch v := v.(type) {
	case *value.Map:
		fmt.Fprintf(b, "%s: mapping\n", prefix)
		for k, item := range v.All() {
			dump(b, fmt.Sprintf("%s.%v", prefix, k), item)
		}
	case *value.List:
		fmt.Fprintf(b, "%s: list\n", prefix)
		for i, item := range v.Items {
			dump(b, fmt.Sprintf("%s[%d]", prefix, i), item)
		}
	case value.Template:
		fmt.Fprintf(b, "%s: template at %d:%d %q\n", prefix, v.Pos.Line, v.Pos.Column, v.Source)
	default:
		fmt.Fprintf(b, "%s: %s %#v\n", prefix, value.TypeName(v), v)
	}
}

func TestToValue(t *testing.T) {
	for _, name := range append(files(t, "testdata/good/*.yaml"), files(t, "testdata/good/*.json")...) {
		n, list := Load(name, Options{})
		if len(list) > 0 {
			t.Errorf("%s: %v", name, list)
			continue
		}
		v, err := n.ToValue(Options{Decrypter: fakeVault{}})
		if err != nil {
			t.Error(err)
		}
		var b strings.Builder
		dump(&b, "doc", v)
		golden(t, name+".golden", b.String())
	}
}

func TestUntrustedTextIsNoTemplate(t *testing.T) {
	n, _ := ParseOne("x", []byte("a: '{{ b }}'"))
	v, err := n.ToValue(Options{Untrusted: true})
	if got := v.(*value.Map).String("a"); err != nil || got != "{{ b }}" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNoVaultPassword(t *testing.T) {
	n, _ := ParseOne("x.yaml", []byte("a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\nb: !vault x\n"))
	_, err := n.ToValue(Options{})
	want := "x.yaml:1:4: the value is encrypted, and there is no vault password; give one with --vault-password-file\n" +
		"x.yaml:3:4: the value is encrypted, and there is no vault password; give one with --vault-password-file"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	path := filepath.Join(t.TempDir(), "v.yml")
	if err := os.WriteFile(path, []byte("$ANSIBLE_VAULT;1.1;AES256\n31\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, list := Load(path, Options{}); !list.HasErrors() {
		t.Error("an encrypted file was read without a password")
	}
	var seen []string
	m, _, list := LoadMap(path, Options{Decrypter: fakeVault{&seen}})
	if len(list) > 0 || m.String("user") != "kafka" || fmt.Sprint(seen) != "[user=kafka pass=s3cret pass=1]" {
		t.Errorf("got %v, seen %v, %v", m, seen, list)
	}
}

func TestParseSeveralDocuments(t *testing.T) {
	docs, list := Parse("x", []byte("a: 1\n---\n- b\n---\n"))
	if len(docs) != 3 || len(list) > 0 || docs[1].Pos.Line != 3 {
		t.Errorf("got %v, %v", docs, list)
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	list := filepath.Join(dir, "list.yml")
	if err := os.WriteFile(list, []byte("- a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ path, want string }{
		{filepath.Join(dir, "none"), "the file does not exist"},
		{dir, "cannot read the file: is a directory"},
		{list, "a file of variables must be a mapping of names to values, not a list"},
	}
	for _, test := range tests {
		_, _, got := LoadMap(test.path, Options{})
		if len(got) != 1 || got[0].Summary != test.want {
			t.Errorf("%s: got %v", test.path, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.yaml", "testdata/good/*"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		n, list := ParseOne("f", src)
		if n == nil && !list.HasErrors() {
			t.Error("neither a node nor an error")
		}
		for _, d := range list {
			if d.Pos.Line < 1 {
				t.Errorf("no line: %v", d)
			}
		}
		_, _ = n.ToValue(Options{})
	})
}
