package run

import "testing"

func TestEnsembleMajority(t *testing.T) {
	servers := []*host{{name: "zk1"}, {name: "zk2"}, {name: "zk3"}, {name: "zk4"}, {name: "zk5"}}
	tests := []struct {
		name      string
		members   int
		observers []int
		stopping  []int
		mayBeAway bool
		want      string
	}{
		{name: "one of three", members: 3, stopping: []int{0}},
		{name: "two of three", members: 3, stopping: []int{0, 1}, want: "without zk1, zk2 only 1 of 3 servers are left, which is no majority"},
		{name: "two of three that vote, of five", members: 5, observers: []int{3, 4}, stopping: []int{0, 1}, want: "without zk1, zk2 only 1 of 3 servers are left, which is no majority"},
		{name: "two observers", members: 5, observers: []int{3, 4}, stopping: []int{3, 4}},
		{name: "the only one", members: 1, stopping: []int{0}, want: "it is the only server, and away while it restarts; zookeeper_may_be_away: true says that it may be"},
		{name: "the only one, which may be away", members: 1, stopping: []int{0}, mayBeAway: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &ensemble{r: &roll{members: servers[:tt.members]}, mayFail: tt.mayBeAway}
			s := sight{observers: map[*host]bool{}}
			for _, i := range tt.observers {
				s.observers[servers[i]] = true
			}
			var stopping []*host
			for _, i := range tt.stopping {
				stopping = append(stopping, servers[i])
			}
			if got := e.refuses(s, stopping); got != tt.want {
				t.Errorf("it says %q, want %q", got, tt.want)
			}
		})
	}
}
