package main

import (
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	at := func(name string, ms int) sample {
		return sample{name: name, took: time.Duration(ms) * time.Millisecond, cpu: 100 * time.Millisecond, host: time.Duration(ms) * time.Millisecond / 2}
	}
	rounds := [][]sample{
		{at("floor", 1000), at("kops", 900), at("ansible 2", 20000)},
		{at("kops", 1000), at("floor", 2000)},
		{at("floor", 1500), at("kops", 1200)},
	}
	want := `| | median, s | fastest, s | times floor | controller's CPU, s | hosts' CPU, s | runs |
|---|---|---|---|---|---|---|
| kops | 1.00 | 0.90 | 0.80 | 0.10 | 0.50 | 3 |
| floor | 1.50 | 1.00 | 1.00 | 0.10 | 0.75 | 3 |
| ansible 2 | 20.00 | 20.00 | 20.00 | 0.10 | 10.00 | 1 |
`
	if got := table(rounds, "floor"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
