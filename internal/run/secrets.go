package run

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"kops/internal/event"
	"kops/internal/module"
	"kops/internal/plan"
	"kops/internal/value"
)

// connectionSecrets are the variables that log in and become.
var connectionSecrets = []string{
	"ansible_password", "ansible_ssh_password", "ansible_ssh_pass", "ansible_private_key", "ansible_ssh_private_key",
	"ansible_private_key_passphrase", "ansible_ssh_private_key_passphrase", "ansible_become_password", "ansible_become_pass", "ansible_sudo_pass",
}

// hideConnection hides the passwords that a host's inventory has, before a task shows them.
// Templates are hidden when they are used.
func (r *runner) hideConnection(inv *plan.Host) {
	for _, layer := range inv.Layers {
		for _, name := range connectionSecrets {
			if text, ok := layer.At(name).(string); ok {
				r.Hide(text)
			}
		}
	}
}

// hideArguments hides what a task gives to arguments that are secret, and passwords in URLs.
func (r *runner) hideArguments(m *module.Module, args *value.Map) {
	names := r.secretArguments(m)
	for k, v := range args.All() {
		if name, ok := k.(string); ok && slices.Contains(names, name) && v != nil {
			r.Hide(value.Str(v))
		}
		eachText("", v, func(_, text string) {
			for _, password := range urlPasswords(text) {
				r.Hide(password)
			}
		})
	}
}

// secretArguments are the names of a module's secret arguments. They are found once.
func (r *runner) secretArguments(m *module.Module) []string {
	if names, known := r.secretArgs.Load(m); known {
		return names.([]string)
	}
	var names []string
	for _, a := range m.Arguments() {
		if a.Secret {
			names = append(append(names, a.Name), a.Aliases...)
		}
	}
	r.secretArgs.Store(m, names)
	return names
}

var urlPassword = regexp.MustCompile(`://[^\s/@:"']*:([^\s/@"']+)@`)

// urlPasswords are the passwords of the URLs in a text, as they stand there and decoded.
func urlPasswords(text string) []string {
	if !strings.Contains(text, "://") || !strings.Contains(text, "@") {
		return nil
	}
	var passwords []string
	for _, found := range urlPassword.FindAllStringSubmatch(text, -1) {
		passwords = append(passwords, found[1])
		if plain, err := url.PathUnescape(found[1]); err == nil && plain != found[1] {
			passwords = append(passwords, plain)
		}
	}
	return passwords
}

// outputs are the keys of a result that hold what a task has read or made.
var outputs = []string{"stdout", "stderr", "content", "json", "cookies", "ansible_facts"}

// hideOutcome hides what a task with no_log has brought: a later task may show the variable
// that holds it.
func (r *runner) hideOutcome(o *outcome) {
	for _, name := range outputs {
		eachText(name, o.result.At(name), r.HideFrom)
	}
	if line, ok := o.result.At("cmd").(string); ok { // of a shell; words of an argv are words
		r.HideFrom("cmd", line)
	}
	if o.result.String("encoding") == "base64" { // slurp
		if plain, err := base64.StdEncoding.DecodeString(o.result.String("content")); err == nil {
			r.HideFrom("content", string(plain))
		}
	}
	if o.action.Facts != nil && o.status != event.Unknown {
		eachText("", o.action.Facts, r.HideFrom)
	}
}

// eachText calls do with each text and number in v, and the name under which it stands.
func eachText(name string, v value.Value, do func(name, text string)) {
	switch v := v.(type) {
	case string:
		do(name, v)
	case value.Bytes:
		do(name, string(v))
	case *value.List:
		for _, item := range v.Items {
			eachText(name, item, do)
		}
	case value.Tuple:
		for _, item := range v {
			eachText(name, item, do)
		}
	case *value.Map:
		for k, item := range v.All() {
			eachText(value.Str(k), item, do)
		}
	case int64:
		do(name, value.Str(v))
	}
}
