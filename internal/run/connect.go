package run

import (
	"context"
	"fmt"
	"strings"

	"kops/internal/diag"
	"kops/internal/module"
	"kops/internal/plan"
	"kops/internal/playbook"
	"kops/internal/remote"
	"kops/internal/template"
	"kops/internal/value"
)

// target is where a task does its work: a host's connection as a user.
type target struct {
	host   *host // the delegate, or the task's own host
	scope  *template.Scope
	become remote.Become
	env    []string
}

// settings are the connection's, from variables, keywords and the command line.
func (p *play) settings(t *playbook.Task, tg *target) (remote.Settings, error) {
	d := p.Defaults
	s := remote.Settings{Kind: "ssh", Address: tg.host.name, User: d.User, Password: d.Password, PrivateKeyFile: d.PrivateKeyFile, Timeout: d.Timeout, HostKeyChecking: true}
	kind := d.Connection
	if tg.host.inv.Implicit {
		kind = "local"
	}
	v := &reader{s: tg.scope}
	v.keyword(&kind, keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.Connection }))
	v.variable(&kind, "ansible_connection")
	v.keyword(&s.User, keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.RemoteUser }))
	port := ""
	v.keyword(&port, keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.Port }))
	v.variable(&port, "ansible_port", "ansible_ssh_port")
	v.variable(&s.Address, "ansible_host", "ansible_ssh_host")
	v.variable(&s.User, "ansible_user", "ansible_ssh_user")
	v.variable(&s.Password, "ansible_password", "ansible_ssh_password", "ansible_ssh_pass")
	v.variable(&s.PrivateKeyFile, "ansible_private_key_file", "ansible_ssh_private_key_file")
	v.variable(&s.PrivateKey, "ansible_private_key", "ansible_ssh_private_key")
	v.variable(&s.Passphrase, "ansible_private_key_passphrase", "ansible_ssh_private_key_passphrase")
	timeout, checking := "", ""
	v.variable(&timeout, "ansible_timeout", "ansible_ssh_timeout")
	v.variable(&checking, "ansible_host_key_checking", "ansible_ssh_host_key_checking")
	s.SSHArgs = append(s.SSHArgs, d.SSHArgs...)
	for _, name := range []string{"ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"} {
		args := ""
		v.variable(&args, name)
		s.SSHArgs = append(s.SSHArgs, strings.Fields(args)...)
	}
	v.integer(&s.Port, port, "ansible_port")
	v.integer(&s.Timeout, timeout, "ansible_timeout")
	v.boolean(&s.HostKeyChecking, checking, "ansible_host_key_checking")
	for _, secret := range []string{s.Password, s.Passphrase, s.PrivateKey} {
		p.Hide(secret)
	}
	if v.err != nil {
		return s, v.err
	}
	var err error
	if s.Kind, err = plan.ConnectionKind(kind); err != nil {
		return s, diag.Errorf(t.Pos, "%w", err)
	}
	return s, nil
}

// reader collects settings from variables and keywords, and keeps the first error.
type reader struct {
	s   *template.Scope
	err error
}

// keyword sets dst to the text of a keyword, where it is given.
func (r *reader) keyword(dst *string, f playbook.Field) {
	if r.err != nil || !f.Given() {
		return
	}
	*dst, r.err = text(r.s, f)
}

// variable sets dst to the text of the first variable that exists.
func (r *reader) variable(dst *string, names ...string) {
	if r.err != nil {
		return
	}
	for _, name := range names {
		v, ok, err := r.s.Var(name)
		if err != nil {
			r.err = fmt.Errorf("variable %s: %w", name, err)
			return
		}
		if ok && v != nil && !template.IsOmit(v) {
			*dst = value.Str(v)
			return
		}
	}
}

func (r *reader) integer(dst *int, text, name string) {
	if r.err != nil || text == "" {
		return
	}
	n, err := module.ToInt(text)
	if err != nil {
		r.err = fmt.Errorf("%s: %w", name, err)
		return
	}
	*dst = int(n)
}

func (r *reader) boolean(dst *bool, text, name string) {
	if r.err != nil || text == "" {
		return
	}
	b, err := module.ToBool(text)
	if err != nil {
		r.err = fmt.Errorf("%s: %w", name, err)
		return
	}
	*dst = b
}

// become reads which user acts. Variables win over keywords, these over the command line.
func (p *play) become(t *playbook.Task, tg *target) (remote.Become, error) {
	d := p.Defaults
	v := &reader{s: tg.scope}
	on := ""
	if d.Become {
		on = "true"
	}
	b := remote.Become{Method: d.BecomeMethod, User: d.BecomeUser, Password: d.BecomePassword}
	v.keyword(&on, keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.Become }))
	v.keyword(&b.Method, keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.BecomeMethod }))
	v.keyword(&b.User, keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.BecomeUser }))
	v.keyword(&b.Flags, keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.BecomeFlags }))
	v.keyword(&b.Exe, keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.BecomeExe }))
	v.variable(&on, "ansible_become")
	v.variable(&b.Method, "ansible_become_method")
	v.variable(&b.User, "ansible_become_user")
	v.variable(&b.Flags, "ansible_become_flags")
	v.variable(&b.Exe, "ansible_become_exe")
	v.variable(&b.Password, "ansible_become_password", "ansible_become_pass", "ansible_sudo_pass")
	wanted := false
	v.boolean(&wanted, on, "become")
	if v.err != nil || !wanted {
		return remote.Become{}, v.err
	}
	p.Hide(b.Password)
	var err error
	if b.Method, err = plan.BecomeMethod(b.Method); err != nil {
		return b, diag.Errorf(t.Pos, "%w", err)
	}
	if b.User == "" {
		b.User = "root"
	}
	return b, nil
}

// environment merges the environment keywords, outermost first.
func (p *play) environment(t *playbook.Task, s *template.Scope) ([]string, error) {
	fields := append([]playbook.Field(nil), p.Environment...)
	for _, b := range blocksOf(t) {
		fields = append(fields, b.Environment...)
	}
	merged := &value.Map{}
	for _, f := range append(fields, t.Environment...) {
		v, err := s.Value(f.Value)
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case nil:
		case *value.Map:
			merged.Merge(v)
		default:
			return nil, diag.Errorf(f.Pos, "environment must be a mapping, not %s", value.TypeName(v))
		}
	}
	var env []string
	for k, v := range merged.All() {
		env = append(env, value.Str(k)+"="+value.Str(v))
	}
	return env, nil
}

// hostFor connects to a host as a task of the play does that says nothing of its own.
func (p *play) hostFor(ctx context.Context, t *playbook.Task, h *host) (remote.Host, error) {
	tg := &target{host: h, scope: p.scope(ctx, h, t)}
	var err error
	if tg.become, err = p.become(t, tg); err != nil {
		return nil, err
	}
	w, err := p.connect(ctx, t, tg)
	if err != nil {
		return nil, err
	}
	return w.host(), nil
}

// connect returns the way to the host that the task works on, connected.
func (p *play) connect(ctx context.Context, t *playbook.Task, tg *target) (way, error) {
	s, err := p.settings(t, tg)
	if err != nil {
		return way{}, err
	}
	conn, err := tg.host.connection(ctx, p.Dial, s)
	return way{conn, tg.become, tg.env}, err
}
