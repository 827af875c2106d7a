package module

import "errors"

// ErrDependsOnEarlier marks an error of Plan that an earlier task of the same run may
// remove: Docker's socket is not there yet, a service does not answer yet. Wrap it with
// what is missing. In a run it is an error like any other; in check mode, where earlier
// tasks of that host predicted changes, the runner reports the task as unknown instead of
// failed.
var ErrDependsOnEarlier = errors.New("an earlier task may bring it")
