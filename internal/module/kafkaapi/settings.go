package kafkaapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/value"
)

// Edits reads an argument that maps settings to values. None deletes a setting; a list is
// written with commas, as Kafka does.
func Edits(argument string, settings *value.Map) ([]kafka.Edit, error) {
	var edits []kafka.Edit
	if settings == nil {
		return nil, nil
	}
	for key, v := range settings.All() {
		name, err := module.ToString(key)
		if err != nil || name == "" {
			return nil, fmt.Errorf("%s: %v is not the name of a setting", argument, key)
		}
		text, err := settingText(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", argument, name, err)
		}
		edits = append(edits, kafka.Edit{Name: name, Value: text, Delete: v == nil})
	}
	return edits, nil
}

func settingText(v value.Value) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case bool:
		return strconv.FormatBool(v), nil
	case *value.List:
		var parts []string
		for _, item := range v.Items {
			part, err := settingText(item)
			if err != nil {
				return "", err
			}
			parts = append(parts, part)
		}
		return strings.Join(parts, ","), nil
	case *value.Map:
		return "", fmt.Errorf("wants a text, a number or a list, not a mapping")
	}
	return module.ToString(v)
}

// Needed returns those of the edits that change something. What is secret cannot be compared, and
// is set anew.
func Needed(have []kafka.Setting, want []kafka.Edit) []kafka.Edit {
	return slices.DeleteFunc(slices.Clone(want), func(e kafka.Edit) bool {
		i := slices.IndexFunc(have, func(s kafka.Setting) bool { return s.Name == e.Name && s.Own })
		if i < 0 {
			return e.Delete
		}
		return !e.Delete && !have[i].Sensitive && have[i].Value == e.Value
	})
}

// After returns the resource's own settings once the edits are made.
func After(have []kafka.Setting, edits []kafka.Edit) []kafka.Setting {
	var after []kafka.Setting
	for _, s := range have {
		if s.Own && !slices.ContainsFunc(edits, func(e kafka.Edit) bool { return e.Name == s.Name }) {
			after = append(after, s)
		}
	}
	for _, e := range edits {
		if !e.Delete {
			secret := slices.ContainsFunc(have, func(s kafka.Setting) bool { return s.Name == e.Name && s.Sensitive })
			after = append(after, kafka.Setting{Name: e.Name, Value: e.Value, Own: true, Sensitive: secret})
		}
	}
	slices.SortFunc(after, func(a, b kafka.Setting) int { return strings.Compare(a.Name, b.Name) })
	return after
}

// Text are the resource's own settings for a diff, each on a line behind the indentation.
func Text(settings []kafka.Setting, indentation string) string {
	var b strings.Builder
	for _, s := range settings {
		if s.Own {
			fmt.Fprintf(&b, "%s%s: %s\n", indentation, s.Name, shown(s))
		}
	}
	return b.String()
}

// Dict are the resource's own settings for a result.
func Dict(settings []kafka.Setting) *value.Map {
	m := value.NewMap()
	for _, s := range settings {
		if s.Own {
			m.Set(s.Name, shown(s))
		}
	}
	return m
}

func shown(s kafka.Setting) string {
	if s.Sensitive || secretName(s.Name) {
		return "********"
	}
	return s.Value
}

// secretEndings are how the names of settings end that Kafka itself types as a password, or that read like one. They
// hold for a listener's own (listener.name.X.ssl.keystore.password) and for a plugin's.
var secretEndings = []string{
	"password", "passphrase", "secret", "token", "credential", "credentials", "jaas.config", "basic.auth.user.info",
	"keystore.key", "secret.key", "master.key", "private.key", "access.key", "api.key",
	"keystore.certificate.chain", "truststore.certificates",
}

// secretName tells whether a setting is secret by its name: a broker tells it only of settings that it lists, and all
// brokers together list none that was not set before.
func secretName(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(secretEndings, func(ending string) bool { return strings.HasSuffix(name, ending) })
}
