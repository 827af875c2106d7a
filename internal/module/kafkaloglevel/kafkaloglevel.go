// Package kafkaloglevel is the module kafka_log_level: what a broker's loggers write, at run time
// and after a restart.
package kafkaloglevel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/module/kafkaapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is which loggers are to have which levels.
type Spec struct {
	Loggers *value.Map `arg:"loggers,required" doc:"TRACE, DEBUG, INFO, WARN, ERROR or FATAL for each logger (root is the one that all others inherit from); one without a level (null) goes back to its default"`
	State   string     `arg:"state,choices=present|default" doc:"default takes all these loggers back to their defaults, whatever their levels"`
	Broker  *int       `arg:"broker" doc:"id of the broker whose loggers are set at run time, until it restarts"`
	File    string     `arg:"file" doc:"log4j.properties or log4j2.yaml, on the host, in which the levels are written for the next start; what the file says is the default that a running broker goes back to"`
	kafkaapi.Connection

	want map[string]string // "" for the default
}

// New describes kafka_log_level.
func New() *module.Module {
	return &module.Module{
		Name: "kafka_log_level", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Set the levels of a Kafka broker's loggers, at run time and in its file.",
			Notes: []string{
				kafkaapi.Note,
				"With broker the levels hold at once and until the broker restarts; with file they hold from the next start on; with both, both.",
				"In the file each changed level has a comment above it with the level that was there before. The default is that level, and nothing where the logger was not in the file; appenders and additivity stay.",
				"A running broker goes back to the level that the file gives the logger, and without it (or without file) to what it inherits.",
				"A broker knows only loggers that it has used or that its file names: others are refused.",
			},
			Examples: `- name: Who asks for what?
  kops.kafka.kafka_log_level:
    bootstrap: "{{ inventory_hostname }}:9092"
    broker: "{{ kafka_broker_id }}"
    loggers: {kafka.request.logger: DEBUG}

- name: Enough, also after a restart
  kops.kafka.kafka_log_level:
    bootstrap: "{{ inventory_hostname }}:9092"
    broker: "{{ kafka_broker_id }}"
    file: /etc/kafka/log4j.properties
    loggers: {kafka.request.logger: }
`,
			Returns: []module.Return{
				{Name: "loggers", Type: "dict", Text: "the levels of these loggers in the running broker, as they are or would be; empty for what it inherits"},
			},
		},
		New: func() module.Spec { return &Spec{State: "present", Connection: kafkaapi.Default()} },
	}
}

// Validate reads the levels.
func (s *Spec) Validate() error {
	edits, err := kafkaapi.Edits("loggers", s.Loggers)
	if err != nil {
		return err
	}
	s.want = map[string]string{}
	for _, e := range edits {
		level := strings.ToUpper(e.Value)
		if !e.Delete && !slices.Contains(kafka.LogLevels, level) {
			return fmt.Errorf("loggers: %s: %q is not one of %s", e.Name, e.Value, strings.Join(kafka.LogLevels, ", "))
		}
		if strings.ContainsAny(e.Name, " \t\n=:#'\"") {
			return fmt.Errorf("loggers: %q is no logger's name", e.Name)
		}
		if s.State == "default" {
			level = ""
		}
		s.want[e.Name] = level
	}
	switch {
	case len(s.want) == 0:
		return errors.New("loggers: names none")
	case s.Broker == nil && s.File == "":
		return errors.New("broker: give broker, file or both: where are the levels to be set?")
	case s.File != "" && !strings.HasPrefix(s.File, "/"):
		return fmt.Errorf("file: %q is not an absolute path", s.File)
	case s.File != "":
		if _, err := layoutOf(s.File); err != nil {
			return err
		}
	}
	return s.Check()
}

// Plan compares file and broker.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	change := module.Change{Result: value.NewMap()}
	want := maps.Clone(s.want)
	if s.File != "" {
		if err := s.planFile(ctx, h, &change, want); err != nil {
			return module.Change{}, err
		}
	}
	if s.Broker != nil {
		if err := s.planBroker(ctx, h, &change, want); err != nil {
			return module.Change{}, err
		}
	}
	return change, nil
}

// maxFile limits the size of a logging configuration.
const maxFile = 1 << 20

// planFile adds what the file needs, and gives loggers that go back to their default the file's levels.
func (s *Spec) planFile(ctx context.Context, h remote.Reader, change *module.Change, want map[string]string) error {
	files, err := h.Files(ctx, remote.FileQuery{Path: s.File, Follow: true, Content: maxFile})
	if err != nil {
		return err
	}
	if !files[0].IsRegular() || files[0].Content == nil && files[0].Size > 0 {
		return fmt.Errorf("file: %s: %w (%w)", s.File, unreadable(files[0]), module.ErrDependsOnEarlier)
	}
	l, err := layoutOf(s.File)
	if err != nil {
		return err
	}
	before := string(files[0].Content)
	after, err := edit(l, before, s.want)
	if err != nil {
		return fmt.Errorf("file: %s: %w", s.File, err)
	}
	given := levels(l, after, want)
	for name, level := range want {
		if level == "" {
			want[name] = given[name]
		}
	}
	if after == before {
		return nil
	}
	written := files[0]
	written.Content, written.Size = []byte(after), int64(len(after))
	change.Predict = module.Changes
	change.Diffs = append(change.Diffs, module.Diff{BeforeHeader: s.File, AfterHeader: s.File + " (new)", Before: before, After: after})
	change.Effects = append(change.Effects, module.Effect{Path: &written})
	change.Steps = append(change.Steps, module.Step{Summary: "write " + s.File, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		err := h.WriteFile(ctx, s.File, strings.NewReader(after), remote.WriteOptions{Size: int64(len(after))})
		return module.Outcome{Changed: err == nil}, err
	}})
	return nil
}

func unreadable(f remote.File) error {
	switch {
	case !f.Exists:
		return fs.ErrNotExist
	case !f.IsRegular():
		return errors.New("it is not a regular file")
	case f.Size > maxFile:
		return errors.New("it is larger than 1 MB")
	}
	return fs.ErrPermission
}

// planBroker adds what the running broker needs.
func (s *Spec) planBroker(ctx context.Context, h remote.Reader, change *module.Change, want map[string]string) error {
	name := fmt.Sprint(*s.Broker)
	if err := kafkaapi.Foreseen(h, "loggers of broker", name); err != nil {
		return err
	}
	client, err := s.Open(ctx, h)
	if err != nil {
		return err
	}
	defer client.Close()
	resource := kafka.LoggerResource(int32(*s.Broker))
	have, err := client.Any().Settings(ctx, resource)
	if err != nil {
		return err
	}
	edits, err := kafka.LevelEdits(have, want)
	if err != nil {
		return fmt.Errorf("loggers: %w", err)
	}
	before, after := shown(have, want), shown(have, want)
	for _, e := range edits {
		after[e.Name] = e.Value
	}
	change.Result.Set("loggers", dict(after))
	if len(edits) == 0 {
		return nil
	}
	return s.Amend(ctx, client, change, kafkaapi.Amendment{
		Kind: "loggers of broker", Name: name, Title: resource.String(), Summary: "set the " + resource.String(),
		Before: text(before), After: text(after),
		Make: func(ctx context.Context, client *kafka.Client, validate bool) error {
			return client.Edit(ctx, resource, edits, validate)
		},
	})
}

// shown are the levels of those loggers that the broker lists.
func shown(have []kafka.Setting, want map[string]string) map[string]string {
	found := map[string]string{}
	for _, s := range have {
		if _, ok := want[s.Name]; ok {
			found[s.Name] = s.Value
		}
	}
	return found
}

func dict(levels map[string]string) *value.Map {
	m := value.NewMap()
	for _, name := range slices.Sorted(maps.Keys(levels)) {
		m.Set(name, levels[name])
	}
	return m
}

func text(levels map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(levels)) {
		level := levels[name]
		if level == "" {
			level = "inherited"
		}
		fmt.Fprintf(&b, "%s: %s\n", name, level)
	}
	return b.String()
}
