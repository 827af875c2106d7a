// Package kafkaquota is the module kafka_quota: how much users, clients and addresses may use of
// a Kafka cluster.
package kafkaquota

import (
	"context"
	"errors"
	"fmt"
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
	edits  []kafka.Edit
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
	var err error
	if s.edits, err = kafkaapi.Edits("quotas", s.Quotas); err != nil {
		return err
	}
	for i, e := range s.edits {
		if s.edits[i], err = s.checked(e); err != nil {
			return err
		}
	}
	if len(s.edits) == 0 && s.State == "present" {
		return errors.New("quotas: names none")
	}
	return s.Check()
}

// checked is an edit whose name Kafka knows and whose value is a number, written as the cluster's are.
func (s *Spec) checked(e kafka.Edit) (kafka.Edit, error) {
	if !slices.Contains(names, e.Name) {
		return e, fmt.Errorf("quotas: %s is not one of %s", e.Name, strings.Join(names, ", "))
	}
	if e.Delete || s.State == "absent" {
		return kafka.Edit{Name: e.Name, Delete: true}, nil
	}
	number, err := strconv.ParseFloat(e.Value, 64)
	if err != nil || number <= 0 {
		return e, fmt.Errorf("quotas: %s: %q is not a number above 0", e.Name, e.Value)
	}
	return kafka.Edit{Name: e.Name, Value: kafka.QuotaText(number)}, nil
}

// needed returns what changes something.
func (s *Spec) needed(have []kafka.Setting) []kafka.Edit {
	edits := s.edits
	if s.State == "absent" && len(edits) == 0 {
		for _, q := range have {
			edits = append(edits, kafka.Edit{Name: q.Name, Delete: true})
		}
	}
	return kafkaapi.Needed(have, edits)
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
	after := kafkaapi.After(have, needed)
	change := module.Change{Result: value.NewMap("quotas", dict(after))}
	if len(needed) == 0 {
		return change, nil
	}
	err = s.Amend(ctx, client, &change, kafkaapi.Amendment{
		Kind: "quotas of", Name: name, Title: "quotas of " + name, Summary: "change the quotas of " + name,
		Before: kafkaapi.Text(have, ""), After: kafkaapi.Text(after, ""),
		Make: func(ctx context.Context, client *kafka.Client, validate bool) error {
			return client.EditQuotas(ctx, s.entity, needed, validate)
		},
		Seen: func(ctx context.Context, a kafka.Asker) (bool, error) {
			have, err := a.Quotas(ctx, s.entity)
			return err == nil && len(s.needed(have)) == 0, err
		},
	})
	return change, err
}

// dict are quotas as a result tells them: numbers.
func dict(quotas []kafka.Setting) *value.Map {
	m := value.NewMap()
	for _, q := range quotas {
		if number, err := strconv.ParseFloat(q.Value, 64); err == nil { // it was made from one
			m.Set(q.Name, number)
		}
	}
	return m
}
