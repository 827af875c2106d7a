// Package unarchive is the module unarchive: the files of an archive in a folder of the host.
package unarchive

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"kops/internal/module"
	"kops/internal/module/attributes"
	"kops/internal/remote"
	"kops/internal/value"
)

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name:       "unarchive",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary: "Unpacks an archive of the controller, or of the host, in a folder of the host.",
			Notes: []string{
				"Formats: tar, plain or with gzip, bzip2, xz or zstd, and zip. The host needs tar and the decompressor, or unzip.",
				"An archive of the controller is compared with the host before it is sent: names, types, sizes, times, and as root modes; zip by checksum. " +
					"With xz, or extra_opts other than --strip-components, only unpacking can tell what comes out: check mode reports unknown.",
				"An archive of the host is compared by GNU tar's --diff. Owner, group and mode of its files cost a second round trip.",
			},
			Examples: "- unarchive:\n    src: kafka_2.13-3.9.1.tgz\n    dest: /usr/local\n    owner: root\n    creates: /usr/local/kafka_2.13-3.9.1/libs\n",
			Returns: []module.Return{
				{Name: "dest, src", Type: "str", Text: "to where and from where"},
				{Name: "handler", Type: "str", Text: "TgzArchive, ZipArchive and so on"},
				{Name: "files", Type: "list", Text: "names in the archive, with list_files"},
				{Name: "state, mode, owner, group, uid, gid, size", Type: "", Text: "of the folder"},
			},
		},
		New: func() module.Spec { return &Spec{Decrypt: true} },
	}
}

// Spec is the module's arguments, and what the action sets: Archive, and Listing where it
// knows it already.
type Spec struct {
	Src           string   `arg:"src,required" doc:"the archive; on the controller, or on the host with remote_src"`
	Dest          string   `arg:"dest,required" doc:"the folder that it is unpacked in; it must exist"`
	RemoteSrc     bool     `arg:"remote_src" doc:"src is on the host"`
	Creates       string   `arg:"creates" doc:"do nothing where this path exists"`
	ListFiles     bool     `arg:"list_files" doc:"give the names in the archive in the result"`
	KeepNewer     bool     `arg:"keep_newer" doc:"do not replace files that are newer than those in the archive"`
	Exclude       []string `arg:"exclude,exclusive=selection" doc:"patterns of what is not unpacked"`
	Include       []string `arg:"include,exclusive=selection" doc:"names of what alone is unpacked"`
	ExtraOpts     []string `arg:"extra_opts" doc:"options for tar or unzip, such as --strip-components=1"`
	Decrypt       bool     `arg:"decrypt" doc:"decrypt an archive that is encrypted by vault"`
	Copy          bool     `arg:"copy,unsupported" doc:"write remote_src: true for copy: false"`
	ValidateCerts bool     `arg:"validate_certs,unsupported" doc:"kops unpacks no URLs: download with get_url first"`
	IOBufferSize  int      `arg:"io_buffer_size,unsupported" doc:"kops needs no such setting"`
	attributes.Arguments

	Archive Archive
	Listing *Listing
}

// Validate finds arguments that kops cannot follow.
func (s *Spec) Validate() error {
	switch {
	case strings.Contains(s.Src, "://"):
		return fmt.Errorf("src: %s is a URL: download it with get_url first", s.Src)
	case s.Mode.Preserve():
		return fmt.Errorf("mode: preserve has no meaning here: leave mode out to keep those of the archive")
	}
	return nil
}

// A job is what Plan works on.
type job struct {
	*Spec
	dest   string
	format Format
	src    string // on the host; "" for the controller's
}

// Plan compares the archive with what is on the host.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	dest, err := attributes.Path(ctx, h, "dest", s.Dest)
	if err != nil {
		return module.Change{}, err
	}
	if s.Creates != "" && !path.IsAbs(s.Creates) && !strings.HasPrefix(s.Creates, "~") {
		return module.Change{}, fmt.Errorf("creates: %q is not an absolute path", s.Creates)
	}
	j := job{Spec: s, dest: dest}
	if s.RemoteSrc {
		return j.planRemote(ctx, h)
	}
	if s.Archive == nil {
		return module.Change{}, fmt.Errorf("src: %s was not read on the controller", s.Src)
	}
	listing := s.Listing
	if listing == nil {
		if listing, err = List(s.Archive); err != nil {
			return module.Change{}, fmt.Errorf("src: %s: %w", s.Src, err)
		}
	}
	j.format = listing.Format
	components, known := strip(s.ExtraOpts)
	known = known && listing.Members != nil
	var members []Member
	if known {
		members = s.choose(listing.Members, components)
	}
	files, stop, err := j.look(ctx, h, members)
	if stop != nil || err != nil {
		return *stop, err
	}
	if !known {
		return j.unknown(files[0]), nil
	}
	return j.compare(ctx, h, members, files)
}

// look asks for dest, creates and the members, and tells whether that ends it already.
func (j job) look(ctx context.Context, h remote.Reader, members []Member) (files []remote.File, stop *module.Change, err error) {
	creates, err := j.createsPath(ctx, h)
	if err != nil {
		return nil, &module.Change{}, err
	}
	queries := []remote.FileQuery{{Path: j.dest, Follow: true, Partial: true}, {Path: creates, Follow: true, Partial: true}}
	for _, m := range members {
		q := remote.FileQuery{Path: path.Join(j.dest, m.Name)}
		if m.SHA256 != "" {
			q.Hash = "sha256"
		}
		queries = append(queries, q)
	}
	if files, err = h.Files(ctx, queries...); err != nil {
		return nil, &module.Change{}, err
	}
	switch {
	case j.Creates != "" && files[1].Exists:
		return nil, &module.Change{Result: value.NewMap("dest", j.dest, "src", j.Src, "msg", fmt.Sprintf("skipped, since %s exists", j.Creates))}, nil
	case !files[0].IsDir():
		return nil, &module.Change{}, notAFolder(j.dest)
	}
	return files, nil, nil
}

// Touches implements module.Toucher: what the archive holds may lie anywhere below dest.
func (s *Spec) Touches() []module.Effect {
	effects := attributes.Touches(s.Dest)
	for i := range effects {
		effects[i].Below = true
	}
	return effects
}

func notAFolder(dest string) error {
	return fmt.Errorf("dest: Destination '%s' is not a directory: create it before, with file: path=%s state=directory (%w)", dest, dest, module.ErrDependsOnEarlier)
}

// createsPath is that of creates, or of dest where there is none.
func (j job) createsPath(ctx context.Context, h remote.Reader) (string, error) {
	if j.Creates == "" {
		return j.dest, nil
	}
	return attributes.Path(ctx, h, "creates", j.Creates)
}

// compare decides from the members and the files in their places.
func (j job) compare(ctx context.Context, h remote.Reader, members []Member, files []remote.File) (module.Change, error) {
	root := h.User() == "root"
	c := module.Change{Result: j.result(files[0])}
	var names, missing []string
	var effects []module.Effect
	for i, m := range members {
		names = append(names, m.Name)
		f := files[2+i]
		if why := j.differs(m, f, root); why != "" {
			missing = append(missing, m.Name+" ("+why+")")
			effects = append(effects, module.Effect{Path: &remote.File{Path: f.Path, Exists: true, Type: m.Type, Mode: m.Mode, Size: m.Size, Link: m.Link, Links: 1},
				Vague: m.Type != fs.ModeSymlink, Unlink: m.Type == 0})
		}
	}
	if j.ListFiles {
		c.Result.Set("files", value.Strings(names))
	}
	if len(missing) > 0 {
		c.Predict = module.Changes
		c.Diffs = []module.Diff{{BeforeHeader: j.dest, AfterHeader: j.dest, Note: summarize(missing)}}
		c.Effects = effects
		c.Steps = []module.Step{j.unpackStep()}
		return c, nil
	}
	return j.setAttributes(ctx, h, c, files[2:])
}

// differs tells why a member must be unpacked; "" where it is there.
func (j job) differs(m Member, f remote.File, root bool) string {
	switch {
	case !f.Exists:
		return "missing"
	case j.KeepNewer && f.ModTime.After(m.ModTime):
		return ""
	case m.Type == fs.ModeIrregular:
		return ""
	case f.Type != m.Type && !(m.Type == fs.ModeDir && f.IsLink()):
		return "of another type"
	case m.Link != "" && f.Link != m.Link:
		return "points elsewhere"
	case m.Type == 0 && m.Size >= 0 && f.Size != m.Size:
		return "of another size"
	case m.SHA256 != "" && f.Checksum != m.SHA256:
		return "of another content"
	case m.Type == 0 && m.SHA256 == "" && f.ModTime.Unix() != m.ModTime.Unix():
		return "of another time"
	case root && m.SHA256 == "" && !j.Mode.IsSet() && m.Type == 0 && m.Size >= 0 && f.Mode != m.Mode:
		return "of another mode"
	}
	return ""
}

// setAttributes sets owner, group and mode where they differ.
func (j job) setAttributes(ctx context.Context, h remote.Reader, c module.Change, files []remote.File) (module.Change, error) {
	var commands []string
	var known attributes.Known
	var err error
	for _, f := range files {
		if !f.Exists || !j.Differ(f) {
			continue
		}
		if len(commands) == 0 {
			if known, err = j.Lookup(ctx, h); err != nil {
				return c, err
			}
		}
		after := j.Apply(f, known)
		commands = append(commands, attributes.Commands(f, after)...)
		c.Diffs = append(c.Diffs, attributes.Diff(f, after)...)
		c.Effects = append(c.Effects, module.Effect{Path: &after, Kept: true})
	}
	if len(commands) > 0 {
		c.Predict = module.Changes
		c.Steps = []module.Step{attributes.Step("set owner, group and mode of what is unpacked in "+j.dest, "dest", j.dest, commands)}
	}
	return c, nil
}

func (j job) result(dest remote.File) *value.Map {
	return attributes.Facts(value.NewMap("dest", j.dest, "src", j.Src, "handler", handlers[j.format]), dest)
}

// summarize names the first few of many.
func summarize(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
