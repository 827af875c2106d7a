package posix

import "sync/atomic"

// A freshness knows whether systemd has read its files since anything was last done to the machine
// that may have changed them. A reload runs a dozen generators and reads every unit: it costs a host more
// than logging in. One that follows another with nothing in between is left out.
type freshness struct {
	changes atomic.Int64 // counted when they begin and when they end
	read    atomic.Int64 // changes when systemd last read its files, plus one; 0 for never
}

// change counts something that may change files. The function that it returns is called when that is over.
func (f *freshness) change() (over func()) {
	f.changes.Add(1)
	return func() { f.changes.Add(1) }
}

// reloading is called before systemd reads its files, and the function that it returns when it has.
func (f *freshness) reloading() (done func()) {
	begun := f.changes.Load()
	return func() { f.read.Store(begun + 1) }
}

// fresh tells whether there is nothing for systemd to read.
func (f *freshness) fresh() bool { return f.read.Load() == f.changes.Load()+1 }
