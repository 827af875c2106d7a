package cli

import (
	"bytes"
	"strings"
	"testing"

	"kops/internal/secret"
)

// TestPanicIsMasked holds that a panic is an exit code and a message without secrets.
func TestPanicIsMasked(t *testing.T) {
	var errs bytes.Buffer
	streams := Streams{masker: secret.NewMasker()}
	streams.Err = maskedWriter{&errs, streams.masker}
	code := guarded(streams, func() int {
		streams.masker.Add("hunter2 of old")
		panic("cannot use hunter2 of old")
	})
	said := errs.String()
	if code != exitError || strings.Contains(said, "hunter2") || !strings.Contains(said, "kops: panic: cannot use ********") || !strings.Contains(said, "TestPanicIsMasked") {
		t.Errorf("exit code %d, %s", code, said)
	}
}
