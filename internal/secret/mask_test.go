package secret

import (
	"fmt"
	"sync"
	"testing"
)

func TestMask(t *testing.T) {
	tests := []struct{ name, secret, text, want string }{
		{"raw", "hunter2", "password=hunter2!", "password=********!"},
		{"unchanged", "hunter2", "nothing here", "nothing here"},
		{"json", "a\"b\\c\n<d", `{"p": "a\"b\\c\n\u003cd"}`, `{"p": "********"}`},
		{"json, not for HTML", "a\"b\\c<d", `{"p": "a\"b\\c<d"}`, `{"p": "********"}`},
		{"ends with a quote", `pass"`, `{"p": "pass\""}`, `{"p": "********"}`},
		{"shell", "it's me", `'it'"'"'s me'`, "'********'"},
		{"shell, backslash", "it's me", `'it'\''s me'`, "'********'"},
		{"url query", "a b&c/d", "?p=a+b%26c%2Fd", "?p=********"},
		{"url path", "a b&c/d", "/a%20b&c%2Fd", "/********"},
		{"base64", "hunter2", "aHVudGVyMg==", "********"},
		{"base64 with newline", "hunter2", "aHVudGVyMgo=", "********"},
		{"each line", "BEGIN KEY\nMIIEabc\n}\nEND KEY\n", "line MIIEabc and }", "line ******** and }"},
		{"short", "ab", "a table", "********"},
		{"short elsewhere", "ab", "a chair", "a chair"},
		{"blank", "  \n", "a b", "a b"},
		{"surrounding space", " hunter2\n", "x hunter2 y", "x ******** y"},
	}
	for _, test := range tests {
		m := NewMasker()
		m.Add(test.secret)
		if got := m.Mask(test.text); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestMaskLongestFirst(t *testing.T) {
	m := NewMasker()
	m.Add("pass")
	m.Add("password1")
	if got := m.Mask("password1 pass"); got != "******** ********" {
		t.Errorf("got %q", got)
	}
}

func TestMaskWhileAdding(t *testing.T) {
	m := NewMasker()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 50 {
				secret := fmt.Sprintf("secret-%d-%d-", i, j)
				m.Add(secret)
				if got := m.Mask(secret); got != Masked {
					t.Errorf("got %q", got)
				}
			}
		})
	}
	wg.Wait()
	var none *Masker
	none.Add("x")
	if none.Mask("x") != "x" || none.HasSecrets() || !m.HasSecrets() {
		t.Error("a nil masker masks")
	}
}

func BenchmarkMaskWithoutSecrets(b *testing.B) {
	m := NewMasker()
	for b.Loop() {
		m.Mask("a line of output that holds nothing secret")
	}
}
