package plan

import "testing"

func TestAdmits(t *testing.T) {
	tests := []struct {
		run, skip, tags []string
		want            bool
	}{
		{nil, nil, nil, true},
		{nil, nil, []string{"a"}, true},
		{nil, nil, []string{"never"}, false},
		{nil, nil, []string{"never", "a"}, false},
		{[]string{"a"}, nil, []string{"never", "a"}, true},
		{[]string{"a"}, nil, []string{"b"}, false},
		{[]string{"a"}, nil, nil, false},
		{[]string{"a"}, nil, []string{"always"}, true},
		{[]string{"a"}, []string{"always"}, []string{"always"}, false},
		{[]string{"tagged"}, nil, []string{"a"}, true},
		{[]string{"tagged"}, nil, []string{"never"}, false},
		{[]string{"tagged"}, nil, nil, false},
		{[]string{"untagged"}, nil, nil, true},
		{[]string{"untagged"}, nil, []string{"a"}, false},
		{[]string{"all"}, []string{"a"}, []string{"a", "b"}, false},
		{nil, []string{"tagged"}, []string{"a"}, false},
		{nil, []string{"tagged"}, nil, true},
		{nil, []string{"untagged"}, nil, false},
		{nil, []string{"all"}, []string{"a"}, false},
		{nil, []string{"all"}, []string{"always"}, true},
		{nil, []string{"all", "always"}, []string{"always"}, false},
	}
	for _, test := range tests {
		if got := (Tags{Run: test.run, Skip: test.skip}).admits(test.tags); got != test.want {
			t.Errorf("--tags %v --skip-tags %v admits %v: %v", test.run, test.skip, test.tags, got)
		}
	}
}
