// Package kafkaquota is the module kafka_quota: how much users, clients and addresses may use of
// a Kafka cluster.
package kafkaquota

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/module/kafkaapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is whose quotas are to be what.
type Spec struct {
	User     *string    `arg:"user" doc:"the user, <default> for each that has no quotas of its own"`
	ClientID *string    `arg:"client_id" doc:"the client id, <default> likewise; with user, of that user alone"`
	IP       *string    `arg:"ip" doc:"the address, <default> likewise; stands alone"`
	Quotas   *value.Map `arg:"quotas" doc:"producer_byte_rate and consumer_byte_rate (bytes a second and broker), request_percentage, controller_mutation_rate, connection_creation_rate (ip alone); one without a value (null) is removed"`
	State    string     `arg:"state,choices=present|absent" doc:"absent removes the quotas that are named, all of them if none is"`
	kafkaapi.Connection

	entity kafka.Entity
	edits  []kafka.QuotaEdit
}

// names are the quotas that Kafka knows: a broker takes others without a word.
var names = []string{"producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate", "connection_creation_rate"}

// New describes kafka_quota.
func New() *module.Module {
	return &module.Module{
		Name: "kafka_quota", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Limit how much users, clients and addresses use of a Kafka cluster.",
			Notes:   []string{kafkaapi.Note, "Quotas that are not named, and those of others, stay as they are."},
			Examples: `- name: The shop's reports read 10 MB a second from each broker at most
  kops.kafka.kafka_quota:
    bootstrap: "{{ inventory_hostname }}:9092"
    user: shop
    client_id: reports
    quotas: {consumer_byte_rate: 10000000}
  run_once: true
`,
			Returns: []module.Return{
				{Name: "quotas", Type: "dict", Text: "the quotas of user, client and address, as they are or would be"},
			},
		},
		New: func() module.Spec { return &Spec{State: "present", Connection: kafkaapi.Default()} },
	}
}

// Validate reads entity and quotas.
func (s *Spec) Validate() error {
	for _, part := range []struct {
		name string
		text *string
	}{{"user", s.User}, {"client_id", s.ClientID}, {"ip", s.IP}} {
		if part.text != nil && *part.text == "" {
			return fmt.Errorf("%s: is empty; %s is for all that have no quotas of their own", part.name, kafka.DefaultEntity)
		}
	}
	switch {
	case s.IP != nil && (s.User != nil || s.ClientID != nil):
		return errors.New("ip: stands alone, without user and client_id")
	case s.IP == nil && s.User == nil && s.ClientID == nil:
		return errors.New("user: whose quotas are they? Give user, client_id, both, or ip")
	}
	s.entity = kafka.Entity{User: s.User, ClientID: s.ClientID, IP: s.IP}
	edits, err := kafkaapi.Edits("quotas", s.Quotas)
	if err != nil {
		return err
	}
	for _, e := range edits {
		if !slices.Contains(names, e.Name) {
			return fmt.Errorf("quotas: %s is not one of %s", e.Name, strings.Join(names, ", "))
		}
		edit := kafka.QuotaEdit{Name: e.Name, Remove: e.Delete || s.State == "absent"}
		if edit.Value, err = strconv.ParseFloat(e.Value, 64); !edit.Remove && (err != nil || edit.Value <= 0) {
			return fmt.Errorf("quotas: %s: %q is not a number above 0", e.Name, e.Value)
		}
		s.edits = append(s.edits, edit)
	}
	if len(s.edits) == 0 && s.State == "present" {
		return errors.New("quotas: names none")
	}
	return s.Check()
}

// needed returns what changes something.
func (s *Spec) needed(have map[string]float64) []kafka.QuotaEdit {
	edits := s.edits
	if s.State == "absent" && len(edits) == 0 {
		for _, name := range slices.Sorted(maps.Keys(have)) {
			edits = append(edits, kafka.QuotaEdit{Name: name, Remove: true})
		}
	}
	return slices.DeleteFunc(slices.Clone(edits), func(e kafka.QuotaEdit) bool {
		now, ok := have[e.Name]
		return e.Remove && !ok || !e.Remove && ok && now == e.Value
	})
}

// Plan compares, and asks the cluster whether it would accept the change.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	name := s.entity.String()
	if err := kafkaapi.Foreseen(h, "quotas of", name); err != nil {
		return module.Change{}, err
	}
	client, err := s.Open(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	defer client.Close()
	have, err := client.Any().Quotas(ctx, s.entity)
	if err != nil {
		return module.Change{}, err
	}
	needed := s.needed(have)
	after := maps.Clone(have)
	for _, e := range needed {
		if after[e.Name] = e.Value; e.Remove {
			delete(after, e.Name)
		}
	}
	change := module.Change{Result: value.NewMap("quotas", dict(after))}
	if len(needed) == 0 {
		return change, nil
	}
	if err := client.EditQuotas(ctx, s.entity, needed, true); err != nil {
		return module.Change{}, err
	}
	change.Predict = module.Changes
	change.Diffs = []module.Diff{{BeforeHeader: "quotas of " + name, AfterHeader: "quotas of " + name + " (new)", Before: text(have), After: text(after)}}
	change.Effects = []module.Effect{{Object: kafkaapi.Object("quotas of", name)}}
	change.Steps = []module.Step{{Summary: "change the quotas of " + name, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		return s.do(ctx, h, needed)
	}}}
	return change, nil
}

func (s *Spec) do(ctx context.Context, h remote.Host, edits []kafka.QuotaEdit) (module.Outcome, error) {
	client, err := s.Open(ctx, h)
	if err != nil {
		return module.Outcome{}, err
	}
	defer client.Close()
	if err := client.EditQuotas(ctx, s.entity, edits, false); err != nil {
		return module.Outcome{}, err
	}
	err = client.Settle(ctx, "quotas of "+s.entity.String(), func(ctx context.Context, a kafka.Asker) (bool, error) {
		have, err := a.Quotas(ctx, s.entity)
		return err == nil && len(s.needed(have)) == 0, err
	})
	return module.Outcome{Changed: true}, err
}

func dict(quotas map[string]float64) *value.Map {
	m := value.NewMap()
	for _, name := range slices.Sorted(maps.Keys(quotas)) {
		m.Set(name, quotas[name])
	}
	return m
}

func text(quotas map[string]float64) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(quotas)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strconv.FormatFloat(quotas[name], 'f', -1, 64))
	}
	return b.String()
}
