package posix

import "testing"

func TestFreshness(t *testing.T) {
	tests := []struct {
		name string
		do   func(f *freshness)
		want bool
	}{
		{"at first nobody knows", func(*freshness) {}, false},
		{"it has read", func(f *freshness) { f.reloading()() }, true},
		{"a change before", func(f *freshness) { f.change()(); f.reloading()() }, true},
		{"a change after", func(f *freshness) { f.reloading()(); f.change()() }, false},
		{"a change that goes on", func(f *freshness) { f.reloading()(); f.change() }, false},
		{"a change while it reads", func(f *freshness) { done := f.reloading(); f.change()(); done() }, false},
		{"a change that ends while it reads", func(f *freshness) { over := f.change(); done := f.reloading(); over(); done() }, false},
		{"a change that ends after", func(f *freshness) { over := f.change(); f.reloading()(); over() }, false},
		{"read again", func(f *freshness) { f.reloading()(); f.change()(); f.reloading()() }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f freshness
			tt.do(&f)
			if f.fresh() != tt.want {
				t.Errorf("fresh: %v, want %v", f.fresh(), tt.want)
			}
		})
	}
}
