package secret

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"kops/internal/value"
)

func TestMask(t *testing.T) {
	tests := []struct{ name, secret, text, want string }{
		{"raw", "hunter2", "password=hunter2!", "password=********!"},
		{"unchanged", "hunter2", "nothing here", "nothing here"},
		{"at both ends", "hunter2", "hunter2 hunter2", "******** ********"},
		{"json", "a\"b\\c\n<d", `{"p": "a\"b\\c\n\u003cd"}`, `{"p": "********"}`},
		{"json, not for HTML", "a\"b\\c<d", `{"p": "a\"b\\c<d"}`, `{"p": "********"}`},
		{"json in ASCII", "gr\u00fcn\U0001f511key", `{"p": "gr\u00fcn\ud83d\udd11key"}`, `{"p": "********"}`},
		{"json in json", `pass"word\`, `{"p": "{\"q\": \"pass\\\"word\\\\\"}"}`, `{"p": "{\"q\": \"********\"}"}`},
		{"ends with a quote", `pass"`, `{"p": "pass\""}`, `{"p": "********"}`},
		{"yaml, single quotes", "it's me", "p: 'it''s me'", "p: '********'"},
		{"yaml, double quotes", "gr\u00fcn\n\x1bkey", `p: "gr\xFCn\n\ekey"`, `p: "********"`},
		{"python", "it's\nme", `{'p': "it's\nme"}`, `{'p': "********"}`},
		{"python, both quotes", `it's "me"`, `{'p': 'it\'s "me"'}`, `{'p': '********'}`},
		{"python, bytes", "gr\u00fcn", `b'gr\xc3\xbcn'`, `b'********'`},
		{"go", "tab\tbell\a", `unknown "tab\tbell\a"`, `unknown "********"`},
		{"shell", "it's me", `'it'"'"'s me'`, "'********'"},
		{"shell, backslash", "it's me", `'it'\''s me'`, "'********'"},
		{"shell, printf %q", "it's m&", `it\'s\ m\&`, "********"},
		{"shell, double quotes", `a$b"c`, `"a\$b\"c"`, `"********"`},
		{"html", `a<b>&"c"`, `p=a&lt;b&gt;&amp;&#34;c&#34;`, "p=********"},
		{"regex", "a.b+c d", `a\.b\+c\ d`, "********"},
		{"url query", "a b&c/d", "?p=a+b%26c%2Fd", "?p=********"},
		{"url path", "a b&c/d", "/a%20b&c%2Fd", "/********"},
		{"url, small digits", "a b&c/d", "?p=a%20b%26c%2fd", "?p=********"},
		{"url of jinja", "a b&c/d", "?p=a%20b%26c/d", "?p=********"},
		{"url user", "p@ss:w/d", "http://u:p%40ss%3Aw%2Fd@h", "http://u:********@h"},
		{"base64", "hunter2", "aHVudGVyMg==", "********"},
		{"base64 with newline", "hunter2", "aHVudGVyMgo=", "********"},
		{"base64 for urls", "a?>a?>a?>", "YT8-YT8-YT8-", "********"},
		{"each line", "BEGIN KEY\nMIIEabc\n}\nEND KEY\n", "line MIIEabc and }", "line ******** and }"},
		{"lines that tell nothing", "key: MIIEabc\n-----\ntrue\n9092\n});", "----- true 9092 }); MIIE", "----- true 9092 }); MIIE"},
		{"each line, indented", "BEGIN KEY\nMIIEabc\nEND KEY\n", "  BEGIN KEY\n  MIIEabc", "  ********\n  ********"},
		{"each line, quoted", "BEGIN KEY\nMII'abc\nEND KEY\n", "'MII''abc'", "'********'"},
		{"all lines", "BEGIN KEY\nMIIEabc\nEND KEY\n", "k=BEGIN KEY\nMIIEabc\nEND KEY;", "k=********;"},
		{"other line endings", "BEGIN KEY\nMIIEabc\nEND KEY\n", "k=BEGIN KEY\r\nMIIEabc\r\nEND KEY;", "k=********;"},
		{"other line endings in json", "BEGIN KEY\r\nMIIEabc", `"BEGIN KEY\nMIIEabc"`, `"********"`},
		{"on one line", "BEGIN KEY\nMIIEabc", `BEGIN KEY MIIEabc`, `********`},
		{"wrapped", "correct horse battery", "p: correct horse\n   battery", "p: ********"},
		{"json in yaml in json in json", `it's a "long" one`, `{"a": "{\"b\": \"{\\\"c\\\": \\\"it's a \\\\\\\"long\\\\\\\" one\\\"}\"}"}`, `{"a": "{\"b\": \"{\\\"c\\\": \\\"********\\\"}\"}"}`},
		{"json for HTML, in a text of JSON", "a&b <long> one", `"a\\u0026b \\u003clong\\u003e one"`, `"********"`},
		{"no more than itself", "correct horse battery", `"correct" 'horse' battery's`, `"********'s`},
		{"quotes at its ends", `"correct horse battery"`, `p="\"correct horse battery\""`, `p="********"`},
		{"base64 of json", `a "long" password`, "eyJwIjogImEgXCJsb25nXCIgcGFzc3dvcmQifQ==", "eyJwIjogIm********QifQ=="},
		{"short", "ab", "a table", "********"},
		{"short elsewhere", "ab", "a chair", "a chair"},
		{"short with space", "ab\n", "a table", "********"},
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

// TestMaskBase64Anywhere looks for the secret in base64 of longer texts, wrapped too, where what
// stands around it moves its bits.
func TestMaskBase64Anywhere(t *testing.T) {
	for _, secret := range []string{"abcd", "hunter2", "a longer secret, with spaces and \xff\xfe bytes ~~~???", strings.Repeat("0123456789", 30)} {
		m := NewMasker()
		m.Add(secret)
		for before := range 5 {
			for after := range 4 {
				text := []byte(strings.Repeat("x", before) + secret + strings.Repeat("y", after))
				for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding} {
					got := m.Mask(enc.EncodeToString(text))
					if !strings.Contains(got, Masked) || len(strings.ReplaceAll(got, Masked, "")) > 2*(before+after)+8 {
						t.Errorf("%.8s between %d and %d: got %q", secret, before, after, got)
					}
				}
			}
		}
	}
	long := strings.Repeat("0123456789 abcdef", 30)
	m := NewMasker()
	m.Add(long)
	for line := range strings.Lines(wrap(base64.StdEncoding.EncodeToString([]byte(long+"\n")), 76)) {
		if got := m.Mask(line); !strings.HasPrefix(got, Masked) {
			t.Errorf("the line %q of wrapped base64 is not masked", got)
		}
	}
}

func wrap(text string, width int) string {
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width] + "\n")
		text = text[width:]
	}
	return b.String() + text
}

// TestMaskNested quotes secrets several times, each time in another way, and looks for what no
// quoting changes.
func TestMaskNested(t *testing.T) {
	jsonHTML := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	encoders := []func(string) string{
		jsonHTML,
		func(s string) string { return `{"a": "` + escapeJSON(s, true) + `"}` },
		func(s string) string { return "- '" + strings.ReplaceAll(s, "'", "''") + "'" },
		func(s string) string { return `p: "` + escapeYAML(s) + `"` },
		func(s string) string { return value.Repr(value.NewList(s)) },
		func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'" },
		strconv.Quote,
		strconv.QuoteToASCII,
		func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n      ") },
		func(s string) string { return html.EscapeString(s) }, // these two once at most: they do not nest
		func(s string) string { return url.QueryEscape(jsonHTML(s)) },
	}
	random := rand.New(rand.NewPCG(1, 2))
	odd := []string{`"`, `'`, `\`, `\n`, "\n", "\t", "%", "%41", "&", "<", "&amp;", "$", "\u00e9", "\U0001f511", " ", "+", "/", `\u00`, "\x1b", "x", "n"}
	const core = "Qx7caN4ry"
	for range 300 {
		secret := core
		for range random.IntN(6) {
			secret += odd[random.IntN(len(odd))]
		}
		secret += core
		m := NewMasker()
		m.Add(secret)
		text, way := secret, []int{}
		for range 1 + random.IntN(4) {
			n := random.IntN(len(encoders))
			if n >= len(encoders)-2 && slices.ContainsFunc(way, func(w int) bool { return w >= len(encoders)-2 }) {
				continue
			}
			text, way = encoders[n](text), append(way, n)
		}
		if got := m.Mask("before " + text + " after"); strings.Contains(got, core) || !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") {
			t.Fatalf("%q by %v became %q, masked %q", secret, way, text, got)
		}
	}
}

// Overlapping secrets leave no rest of one of them.
func TestMaskOverlap(t *testing.T) {
	m := NewMasker()
	m.Add("abcdef")
	m.Add("defghi")
	m.Add("ghijkl")
	if got := m.Mask("-abcdefghijkl-abcdef+defghi"); got != "-********-********+********" {
		t.Errorf("got %q", got)
	}
}

func TestHoldsShort(t *testing.T) {
	m := NewMasker()
	m.Add("ab")
	m.Add("long enough")
	if !m.HoldsShort("a table") || m.HoldsShort("long enough") {
		t.Error("only the short secret asks for more than its own text to be masked")
	}
}

// A file as a secret is found by each of its lines, and costs no more than its size.
func TestMaskBigSecret(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "line %d of a file that was encrypted\n", i)
	}
	m := NewMasker()
	m.Add(b.String())
	if got := m.Mask("> line 4999 of a file that was encrypted"); got != "> "+Masked {
		t.Errorf("got %q", got)
	}
	if got := m.Mask(base64.StdEncoding.EncodeToString([]byte(b.String()))); got != Masked {
		t.Errorf("base64: got %.40q", got)
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

// BenchmarkMask masks a megabyte of output that holds ten secrets.
func BenchmarkMask(b *testing.B) {
	for _, secrets := range []int{0, 1, 100, 1000} {
		b.Run(fmt.Sprint(secrets), func(b *testing.B) {
			m := NewMasker()
			for i := range secrets {
				m.Add(fmt.Sprintf("a secret text with 'quotes' and \"more\" %d", i))
			}
			var text strings.Builder
			for i := 0; text.Len() < 1<<20; i++ {
				text.WriteString("a line of output that holds nothing secret, as most lines of an apt-get or a log do\n")
				if i%1300 == 0 {
					fmt.Fprintf(&text, "password=a secret text with 'quotes' and \"more\" %d\n", i/1300)
				}
			}
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				m.Mask(text.String())
			}
		})
	}
}

// BenchmarkAdd learns a password, and a key of 30 lines.
func BenchmarkAdd(b *testing.B) {
	key := strings.Repeat("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n", 30)
	for _, secret := range []string{"correct horse battery staple", key} {
		b.Run(fmt.Sprint(len(secret)), func(b *testing.B) {
			i := 0
			for b.Loop() {
				m := NewMasker()
				m.Add(fmt.Sprintf("%s%d", secret, i))
				i++
			}
		})
	}
}
