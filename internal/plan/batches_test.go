package plan

import (
	"slices"
	"testing"
)

func TestBatches(t *testing.T) {
	tests := []struct {
		serial []string
		hosts  int
		want   []int
	}{
		{nil, 5, []int{5}},
		{[]string{"2"}, 5, []int{2, 2, 1}},
		{[]string{"0"}, 5, []int{5}},
		{[]string{"50%"}, 5, []int{2, 2, 1}},
		{[]string{"10%"}, 5, []int{1, 1, 1, 1, 1}},
		{[]string{"100%"}, 5, []int{5}},
		{[]string{"1", "50%", "3"}, 8, []int{1, 4, 3}},
		{[]string{"1", "2"}, 6, []int{1, 2, 2, 1}},
		{[]string{"3"}, 0, nil},
	}
	for _, test := range tests {
		b := Batches{total: test.hosts}
		for _, text := range test.serial {
			n, err := batchSize(text, test.hosts)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			b.sizes = append(b.sizes, n)
		}
		var got []int
		for left := test.hosts; left > 0; left -= got[len(got)-1] {
			got = append(got, min(b.Size(len(got)+1), left))
		}
		if !slices.Equal(got, test.want) || b.Count(test.hosts) != len(test.want) {
			t.Errorf("serial %v of %d hosts: %v in %d batches, want %v", test.serial, test.hosts, got, b.Count(test.hosts), test.want)
		}
	}
	for _, bad := range []string{"", "some", "-1", "1.5", "x%", "-10%", "NaN", "Inf"} {
		if n, err := batchSize(bad, 5); err == nil {
			t.Errorf("serial %q is taken as %d", bad, n)
		}
	}
}
