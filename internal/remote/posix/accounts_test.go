package posix

import (
	"strings"
	"testing"
)

func TestMembership(t *testing.T) {
	for said, want := range map[string]string{
		"uid=1000(ops) gid=1000(ops) groups=1000(ops),27(sudo),4(adm)":         "ops: adm,sudo",
		"uid=5(x) gid=100(domain users) groups=100(domain users),101(dev 2),7": "domain users: 7,dev 2",
		"uid=0(root) gid=0(root) groups=0(root)":                               "root: ",
		"uid=0(root) gid=0(root)":                                              "root: ",
		"uid=1000(ops) gid=1000 groups=1000,27(sudo)":                          "1000: sudo",
	} {
		primary, others := membership(said)
		if got := primary + ": " + strings.Join(others, ","); got != want {
			t.Errorf("%s: %s, want %s", said, got, want)
		}
	}
}
