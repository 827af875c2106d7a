package copy

import (
	"context"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// lateSum is the size from which the checksum of a file that must be written is awaited when the
// file has been sent, and not before.
const lateSum = 64 << 20

// ahead has the controller read a source while the host looks at its file. Whoever needs the
// checksum gets the error. For a very large one only the checksum that the result has is sure to
// be needed: the host may have another file, or none.
func ahead(source Source) {
	if source.Size() <= smallFile {
		return
	}
	go func() { _, _ = source.Checksum("sha1") }()
	if source.Size() < lateSum {
		go func() { _, _ = source.Checksum("blake2b") }()
	}
}

// result tells of the source.
func (s *Spec) result(source Source) (*value.Map, error) {
	sum, err := source.Checksum("sha1")
	if err != nil {
		return nil, err
	}
	return s.about(sum), nil
}

// lateResult is result for what must be written. Where late, only the step knows the checksum.
func (s *Spec) lateResult(source Source) (result *value.Map, late bool, err error) {
	if s.RemoteSrc || s.Checksum != "" || source.Size() < lateSum {
		result, err = s.result(source)
		return result, false, err
	}
	return s.about(value.Unknown{Why: "the checksum of a large file, which is computed while it is copied"}), true, nil
}

func (s *Spec) about(sum value.Value) *value.Map {
	r := value.NewMap("checksum", sum)
	if s.Src != "" {
		r.Set("src", s.Src)
	}
	return r
}

// summed has a step that writes the source tell its checksum.
func summed(step module.Step, source Source) module.Step {
	write := step.Do
	step.Do = func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		out, err := write(ctx, h)
		if err != nil {
			return out, err
		}
		sum, err := source.Checksum("sha1")
		out.Result.Set("checksum", sum)
		return out, err
	}
	return step
}
