package kafkaapi

import "testing"

func TestCheckGlobs(t *testing.T) {
	tests := []struct {
		globs []string
		err   string
	}{
		{nil, ""},
		{[]string{"orders", "ord*", "__?[a-z]*", `a\*`}, ""},
		{[]string{"ord*", "["}, `ignore: "[" is not a glob`},
		{[]string{"orders-[a"}, `ignore: "orders-[a" is not a glob`},
		{[]string{`orders\`}, `ignore: "orders\\" is not a glob`},
	}
	for _, tt := range tests {
		said := ""
		if err := CheckGlobs("ignore", tt.globs); err != nil {
			said = err.Error()
		}
		if said != tt.err {
			t.Errorf("%q: error %q, want %q", tt.globs, said, tt.err)
		}
	}
}
