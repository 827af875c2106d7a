package pattern

import "testing"

func TestFindAndExpand(t *testing.T) {
	for _, c := range []struct{ source, text, template, want string }{
		{`^(\w+)=(.*)$`, "a=b\n", `\2=\1`, "b=a"},
		{`(?P<key>\w+)=(\d+)`, "é=1 port=92", `\g<key>:\g<2>\t\\`, "é:1\t\\"},
		{`(a)(?P<n>b)(c)(?P=n)`, "abcb", `\3\2\1`, "cba"},
		{`(?<!x)y`, "xyy", `[\g<0>]`, "[y]"},
		{`[](]+(\))`, "](]()", `\1`, ")"},
		{`[^]]+`, "]ab]", `\g<0>`, "ab"},
		{`end\Z`, "the end", `\g<0>`, "end"},
	} {
		p, err := Compile(c.source, false)
		if err != nil {
			t.Fatal(err)
		}
		m, err := p.Find(c.text, 0)
		if err != nil || m == nil {
			t.Fatalf("%s in %q: %v %v", c.source, c.text, m, err)
		}
		if got, err := m.Expand(c.template); err != nil || got != c.want {
			t.Errorf("%s in %q: %q %v, want %q", c.source, c.text, got, err, c.want)
		}
	}
}

func TestPositionsAreBytes(t *testing.T) {
	p, err := Compile("^b$", true)
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Find("é\xff\nb\nb\n", 0)
	if err != nil || m.Start != 4 || m.End != 5 {
		t.Errorf("got %+v %v", m, err)
	}
	if m, err = p.Find("é\xff\nb\nb\n", 5); err != nil || m.Start != 6 {
		t.Errorf("got %+v %v", m, err)
	}
}

func TestBadExpressions(t *testing.T) {
	if _, err := Compile("(a", false); err == nil {
		t.Error("an open bracket compiles")
	}
	p, _ := Compile("(a)", false)
	m, _ := p.Find("a", 0)
	for _, template := range []string{`\2`, `\g<x>`, `\q`, `\g<1`} {
		if got, err := m.Expand(template); err == nil {
			t.Errorf("%s gives %q", template, got)
		}
	}
}
