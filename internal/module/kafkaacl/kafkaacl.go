// Package kafkaacl is the module kafka_acl: what a principal may do in a Kafka cluster.
package kafkaacl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/module/kafkaapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is whom to allow or deny what.
type Spec struct {
	Principal    string   `arg:"principal,required,alias=acl_principal" doc:"who, with its kind: User:alice"`
	ResourceType string   `arg:"resource_type,required,alias=acl_resource_type,choices=topic|group|cluster|transactional_id|delegation_token|user" doc:"what kind of thing the rule is about"`
	Name         string   `arg:"name,alias=resource_name" doc:"its name, * for all; not needed for cluster"`
	Pattern      string   `arg:"pattern,alias=acl_pattern_type|pattern_type,choices=literal|prefixed" doc:"whether the name is meant as it is, or as the beginning of names"`
	Operations   []string `arg:"operations,alias=operation|acl_operation,choices=all|read|write|create|delete|alter|describe|cluster_action|describe_configs|alter_configs|idempotent_write|create_tokens|describe_tokens" doc:"what is allowed or denied; with state absent, all operations if not given"`
	Permission   string   `arg:"permission,alias=acl_permission,choices=allow|deny" doc:"whether the rule allows or denies"`
	Host         string   `arg:"host,alias=acl_host" doc:"the address from which it holds, * for any"`
	State        string   `arg:"state,choices=present|absent|exact" doc:"exact removes the principal's other rules for the same pattern too: other operations, hosts and permissions"`
	kafkaapi.Connection
}

// New describes kafka_acl.
func New() *module.Module {
	return &module.Module{
		Name: "kafka_acl", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Allow or deny operations in a Kafka cluster.",
			Notes: []string{kafkaapi.Note, "Rules of other principals, and for other patterns, stay as they are.",
				"A cluster whose brokers have no authorizer refuses: SECURITY_DISABLED."},
			Examples: `- name: The shop may write orders
  kops.kafka.kafka_acl:
    bootstrap: "{{ inventory_hostname }}:9092"
    principal: User:shop
    resource_type: topic
    name: orders
    operations: [write, describe]
  run_once: true

- name: It may do nothing else with topics that begin so
  kops.kafka.kafka_acl:
    bootstrap: "{{ inventory_hostname }}:9092"
    principal: User:shop
    resource_type: topic
    name: orders
    pattern: prefixed
    state: absent
  run_once: true
`,
			Returns: []module.Return{
				{Name: "acls", Type: "list", Text: "the principal's rules for the pattern, as they are or would be, as sentences"},
				{Name: "added", Type: "list", Text: "rules that were added, or would be"},
				{Name: "removed", Type: "list", Text: "rules that were removed, or would be"},
			},
		},
		New: func() module.Spec {
			return &Spec{State: "present", Pattern: "literal", Permission: "allow", Host: "*", Connection: kafkaapi.Default()}
		},
	}
}

// clusterName is the one name that the cluster has in rules.
const clusterName = "kafka-cluster"

// Validate checks what belongs together.
func (s *Spec) Validate() error {
	if kind, name, ok := strings.Cut(s.Principal, ":"); !ok || kind == "" || name == "" {
		return fmt.Errorf("principal: %q has no kind: write User:%s", s.Principal, s.Principal)
	}
	if s.ResourceType == "cluster" {
		if s.Name != "" && s.Name != clusterName {
			return fmt.Errorf("name: the cluster's is %s, or none", clusterName)
		}
		s.Name = clusterName
	}
	if s.Name == "" {
		return fmt.Errorf("name: which %s? * is for all", s.ResourceType)
	}
	if len(s.Operations) == 0 && s.State == "present" {
		return errors.New("operations: which of them?")
	}
	return s.Check()
}

// pattern is what the rules that count have in common.
func (s *Spec) pattern() kafka.ACL {
	return kafka.ACL{ResourceType: s.ResourceType, Name: s.Name, Pattern: s.Pattern, Principal: s.Principal}
}

// wanted are the rules that the arguments name.
func (s *Spec) wanted() []kafka.ACL {
	var rules []kafka.ACL
	for _, operation := range s.Operations {
		rule := s.pattern()
		rule.Operation, rule.Host, rule.Permission = operation, s.Host, s.Permission
		rules = append(rules, rule)
	}
	return rules
}

// compare decides which rules to add and to remove.
func (s *Spec) compare(have []kafka.ACL) (add, remove []kafka.ACL) {
	wanted := s.wanted()
	if s.State != "absent" {
		for _, rule := range wanted {
			if !slices.Contains(have, rule) && !slices.Contains(add, rule) {
				add = append(add, rule)
			}
		}
	}
	for _, rule := range have {
		named := slices.Contains(wanted, rule) ||
			s.State == "absent" && len(s.Operations) == 0 && rule.Host == s.Host && rule.Permission == s.Permission
		if named && s.State == "absent" || !named && s.State == "exact" {
			remove = append(remove, rule)
		}
	}
	return add, remove
}

// Plan compares.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	name := s.pattern().Principal + " on " + s.ResourceType + " " + s.Name
	if err := kafkaapi.Foreseen(h, "acls of", name); err != nil {
		return module.Change{}, err
	}
	client, err := s.Open(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	defer client.Close()
	have, err := client.Any().ACLs(ctx, s.pattern())
	if err != nil {
		return module.Change{}, err
	}
	add, remove := s.compare(have)
	after := slices.Concat(slices.DeleteFunc(slices.Clone(have), func(r kafka.ACL) bool { return slices.Contains(remove, r) }), add)
	change := module.Change{Result: value.NewMap("acls", texts(after), "added", texts(add), "removed", texts(remove))}
	if len(add)+len(remove) == 0 {
		return change, nil
	}
	change.Predict = module.Changes
	change.Diffs = []module.Diff{{BeforeHeader: "ACLs of " + name, AfterHeader: "ACLs of " + name + " (new)", Before: lines(have), After: lines(after)}}
	change.Effects = []module.Effect{{Object: kafkaapi.Object("acls of", name)}}
	change.Steps = []module.Step{{Summary: fmt.Sprintf("ACLs of %s: add %d, remove %d", name, len(add), len(remove)),
		Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) { return s.do(ctx, h, add, remove) }}}
	return change, nil
}

// do adds before it removes: what both old and new rules allow stays allowed.
func (s *Spec) do(ctx context.Context, h remote.Host, add, remove []kafka.ACL) (module.Outcome, error) {
	client, err := s.Open(ctx, h)
	if err != nil {
		return module.Outcome{}, err
	}
	defer client.Close()
	changed := false
	for _, part := range []struct {
		rules []kafka.ACL
		do    func(context.Context, []kafka.ACL) error
	}{{add, client.AddACLs}, {remove, client.RemoveACLs}} {
		if len(part.rules) == 0 {
			continue
		}
		if err := part.do(ctx, part.rules); err != nil {
			return module.Outcome{Changed: changed}, err
		}
		changed = true
	}
	err = client.Settle(ctx, "ACLs of "+s.Principal, func(ctx context.Context, a kafka.Asker) (bool, error) {
		have, err := a.ACLs(ctx, s.pattern())
		add, remove := s.compare(have)
		return err == nil && len(add)+len(remove) == 0, err
	})
	return module.Outcome{Changed: changed}, err
}

func sentences(rules []kafka.ACL) []string {
	var all []string
	for _, r := range rules {
		all = append(all, r.String())
	}
	slices.Sort(all)
	return all
}

func texts(rules []kafka.ACL) *value.List { return value.Strings(sentences(rules)) }

func lines(rules []kafka.ACL) string {
	var b strings.Builder
	for _, line := range sentences(rules) {
		b.WriteString(line + "\n")
	}
	return b.String()
}
