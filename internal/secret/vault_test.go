package secret

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func passwords(t *testing.T) []Password {
	return []Password{{DefaultID, []byte(read(t, "password"))}, {"prod", []byte(read(t, "password-prod"))}}
}

// recordedString is the value that ansible-vault encrypt_string wrote.
func recordedString(t *testing.T) string {
	_, text, _ := strings.Cut(read(t, "string.yml"), "|\n")
	return text
}

func TestDecryptRecorded(t *testing.T) {
	v := NewVault(passwords(t), nil)
	tests := []struct{ name, text, want string }{
		{"format 1.1", read(t, "v11"), read(t, "plain")},
		{"format 1.2", read(t, "v12"), read(t, "plain")},
		{"empty", read(t, "empty"), ""},
		{"value", recordedString(t), "sixteen bytes ok"},
	}
	for _, test := range tests {
		if got, err := v.DecryptFile([]byte(test.text)); err != nil || string(got) != test.want {
			t.Errorf("%s: got %q, %v", test.name, got, err)
		}
	}
}

func TestEncryptOpensAgain(t *testing.T) {
	for _, id := range []string{"", DefaultID, "prod"} {
		for _, plain := range []string{"", "a", strings.Repeat("x", 16), strings.Repeat("long ", 500)} {
			text, err := Encrypt([]byte(plain), []byte("pw"), id)
			if err != nil {
				t.Fatal(err)
			}
			got, err := NewVault([]Password{{"other", []byte("no")}, {"x", []byte("pw")}}, nil).DecryptFile(text)
			if err != nil || string(got) != plain {
				t.Errorf("id %q, %q: got %q, %v", id, plain, got, err)
			}
			want := Header + "1.1;AES256\n"
			if id == "prod" {
				want = Header + "1.2;AES256;prod\n"
			}
			if !strings.HasPrefix(string(text), want) {
				t.Errorf("id %q: header of %.40q", id, text)
			}
		}
	}
}

// TestEncryptRecorded holds that kops writes what ansible-vault writes, so ansible-vault opens it.
func TestEncryptRecorded(t *testing.T) {
	for _, test := range []struct{ recorded, password, id string }{
		{"salted", "password", ""},
		{"salted-prod", "password-prod", "prod"},
	} {
		got, err := encrypt([]byte(read(t, "plain")), []byte(read(t, test.password)), []byte("0123456789abcdef0123456789abcdef"), test.id)
		if want := read(t, test.recorded); err != nil || string(got) != want {
			t.Errorf("%s: %v, got\n%swant\n%s", test.recorded, err, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	dev, prod, again := Password{ID: "dev", Bytes: []byte("d")}, Password{ID: "prod", Bytes: []byte("p")}, Password{ID: "dev", Bytes: []byte("other")}
	tests := []struct {
		name      string
		passwords []Password
		id, want  string
		err       string
	}{
		{"the only one", []Password{prod}, "", "p", ""},
		{"the first of one id", []Password{dev, again}, "", "d", ""},
		{"by id", []Password{dev, prod}, "prod", "p", ""},
		{"several", []Password{dev, prod, again}, "", "", "several vault ids (dev, prod): say with --encrypt-vault-id"},
		{"no such id", []Password{dev, prod}, "test", "", "no password for it, only for dev, prod"},
		{"none", nil, "", "", "there is no vault password"},
	}
	for _, test := range tests {
		got, err := Choose(test.passwords, test.id)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: got error %v", test.name, err)
			}
		} else if err != nil || string(got.Bytes) != test.want {
			t.Errorf("%s: got %s, %v", test.name, got.Bytes, err)
		}
	}
}

func TestDecryptErrors(t *testing.T) {
	v11 := read(t, "v11")
	lines := strings.SplitAfter(v11, "\n")
	tests := []struct {
		name, text string
		passwords  []Password
		want       string
	}{
		{"no password", v11, nil, "there is no vault password: give one with --vault-password-file"},
		{"wrong password", v11, []Password{{DefaultID, []byte("wrong")}},
			"none of the vault passwords opens it (tried the vault id default); the password is wrong, or the text was changed"},
		{"wrong id", read(t, "v12"), []Password{{"dev", []byte("a")}, {"test", []byte("b")}},
			"none of the vault passwords opens it (tried the vault ids dev, test; the text's own is prod); the password is wrong, or the text was changed"},
		{"version", "$ANSIBLE_VAULT;1.0;AES256\n31", passwords(t), "version 1.0 of ansible-vault's format is not supported, only 1.1 and 1.2"},
		{"cipher", "$ANSIBLE_VAULT;1.1;AES\n31", passwords(t), "the cipher AES is not supported, only AES256"},
		{"no vault text", "hello", passwords(t), "the text is not in ansible-vault's format: it must begin with $ANSIBLE_VAULT;1.1;AES256"},
		{"not hex", lines[0] + "zz\n", passwords(t), "the text is damaged: encoding/hex: invalid byte: U+007A 'z'"},
		{"truncated", lines[0] + lines[1], passwords(t), "the text is damaged: salt, HMAC and ciphertext are expected in it"},
	}
	for _, test := range tests {
		_, err := NewVault(test.passwords, nil).DecryptValue(test.text)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

func TestVaultMasks(t *testing.T) {
	m := NewMasker()
	v := NewVault(passwords(t), m)
	if _, err := v.DecryptValue(recordedString(t)); err != nil {
		t.Fatal(err)
	}
	v.Seen("user", "kafka")
	v.Seen("db_password", "hunter2")
	v.Seen("blob", "a rather long text")
	v.Seen("state", "on")
	v.Seen("enabled", "true")
	v.Seen("port", "9092")
	v.Seen("number", "4711081516")
	got := m.Mask("sixteen bytes ok, kafka, hunter2, a rather long text, correct horse, on, true, 9092, 4711081516")
	if want := "********, ********, ********, ********, ********, on, true, 9092, ********"; got != want {
		t.Errorf("got %q", got)
	}
}

func TestSource(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write("pw", " secret \n", 0o600)
	prompt := func(text string) ([]byte, error) { return []byte("typed at " + text), nil }
	tests := []struct {
		name, spec string
		prompt     Prompt
		id, want   string
		err        string
	}{
		{"file", file, nil, "default", "secret", ""},
		{"file with id", "prod@" + file, nil, "prod", "secret", ""},
		{"script", write("script", "#!/bin/sh\necho from script\n", 0o700), nil, "default", "from script", ""},
		{"client script", "prod@" + write("x-client.sh", "#!/bin/sh\necho $1 $2\n", 0o700), nil, "prod", "--vault-id prod", ""},
		{"prompt", "prompt", prompt, "default", "typed at Vault password:", ""},
		{"prompt with id", "dev@prompt", prompt, "dev", "typed at Vault password (dev):", ""},
		{"id of nothing", "@" + file, nil, "default", "secret", ""},
		{"bad id", "a;b@" + file, nil, "", "", "cannot be a vault id"},
		{"no terminal", "prompt", nil, "", "", "there is no terminal to ask for it"},
		{"empty", write("empty", "\n", 0o600), nil, "", "", "it is empty"},
		{"missing", filepath.Join(dir, "none"), nil, "", "", "no such file"},
		{"encrypted", write("enc", "$ANSIBLE_VAULT;1.1;AES256\n", 0o600), nil, "", "", "itself encrypted"},
		{"failing script", write("fail", "#!/bin/sh\necho no key >&2\nexit 3\n", 0o700), nil, "", "", "exit status 3: no key"},
	}
	for _, test := range tests {
		got, err := Source{Spec: test.spec}.Read(context.Background(), test.prompt)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: got error %v", test.name, err)
			}
		} else if err != nil || got.ID != test.id || string(got.Bytes) != test.want {
			t.Errorf("%s: got %s %q, %v", test.name, got.ID, got.Bytes, err)
		}
	}
}

func TestNewPasswordIsConfirmed(t *testing.T) {
	for _, test := range []struct {
		spec  string
		typed []string
		asked string
		err   string
	}{
		{"prompt", []string{"one", "one"}, "New vault password: Confirm new vault password: ", ""},
		{"dev@prompt", []string{"one", "one"}, "New vault password (dev): Confirm new vault password (dev): ", ""},
		{"prompt", []string{"one", "two"}, "New vault password: Confirm new vault password: ", "the two passwords differ"},
	} {
		asked := ""
		got, err := Source{Spec: test.spec, New: true}.Read(context.Background(), func(text string) ([]byte, error) {
			asked += text
			answer := test.typed[0]
			test.typed = test.typed[1:]
			return []byte(answer), nil
		})
		switch {
		case asked != test.asked:
			t.Errorf("%s: asked %q", test.spec, asked)
		case test.err == "" && (err != nil || string(got.Bytes) != "one"):
			t.Errorf("%s: got %q, %v", test.spec, got.Bytes, err)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("%s: got error %v", test.spec, err)
		}
	}
}

func TestEncryptNeedsPassword(t *testing.T) {
	if _, err := Encrypt([]byte("x"), nil, ""); err == nil || errors.Is(err, errWrongPassword) {
		t.Errorf("got %v", err)
	}
}
