package ssh

import (
	"fmt"
	"strings"

	"kops/internal/remote"
)

// An sshArgs is a checked list of OpenSSH options.
type sshArgs struct {
	args []string // as for the ssh command
	file []string // -F and its path
}

// options are the OpenSSH options that kops honours, in lower case; true for those that
// are of no consequence here: they are about the ssh command itself, or about what kops
// does in its own way.
var options = map[string]bool{
	"addressfamily": false, "bindaddress": false, "certificatefile": false, "ciphers": false, "connecttimeout": false,
	"globalknownhostsfile": false, "hostkeyalgorithms": false, "hostkeyalias": false, "hostname": false,
	"identitiesonly": false, "identityagent": false, "identityfile": false, "kbdinteractiveauthentication": false,
	"kexalgorithms": false, "macs": false, "passwordauthentication": false, "port": false,
	"preferredauthentications": false, "proxycommand": false, "proxyjump": false, "pubkeyauthentication": false,
	"revokedhostkeys": false, "serveralivecountmax": false, "serveraliveinterval": false,
	"forwardagent": false, "stricthostkeychecking": false, "user": false, "userknownhostsfile": false, "challengeresponseauthentication": false,
	"batchmode": true, "checkhostip": true, "compression": true, "connectionattempts": true, "controlmaster": true,
	"controlpath": true, "controlpersist": true, "gssapiauthentication": true, "gssapidelegatecredentials": true,
	"hashknownhosts": true, "ipqos": true, "loglevel": true, "numberofpasswordprompts": true, "requesttty": true,
	"tcpkeepalive": true, "updatehostkeys": true, "visualhostkey": true, "addkeystoagent": true, "sendenv": true,
	"forwardx11": true, "exitonforwardfailure": true, "canonicalizehostname": true, "pubkeyacceptedalgorithms": true,
	"pubkeyacceptedkeytypes": true, "logverbose": true, "rekeylimit": true,
}

// parseArgs checks the options of the host's variables.
func parseArgs(s remote.Settings) (sshArgs, error) {
	var out sshArgs
	for i := 0; i < len(s.SSHArgs); i++ {
		arg := s.SSHArgs[i]
		if len(arg) < 2 || arg[0] != '-' {
			return out, fmt.Errorf("%q among the SSH arguments is not an option", arg)
		}
		flag, val := arg[:2], arg[2:]
		switch flag {
		case "-4", "-6", "-C", "-q", "-v", "-T", "-x", "-a", "-A":
			out.args = append(out.args, arg)
			continue
		case "-o", "-J", "-F", "-i", "-p", "-l":
		default:
			return out, fmt.Errorf("the SSH argument %s is not supported: -o, -J, -F, -i, -p, -l, -4 and -6 are", arg)
		}
		if val == "" {
			if i++; i == len(s.SSHArgs) {
				return out, fmt.Errorf("the SSH argument %s needs a value", arg)
			}
			val = s.SSHArgs[i]
		}
		if flag == "-o" {
			if err := checkOption(val); err != nil {
				return out, err
			}
		}
		if flag == "-F" {
			out.file = []string{flag, val}
		}
		out.args = append(out.args, flag, val)
	}
	return out, nil
}

func checkOption(option string) error {
	name, val := splitOption(option)
	if val == "" {
		return fmt.Errorf("the SSH option %q has no value", option)
	}
	if _, ok := options[name]; ok {
		return nil
	}
	return fmt.Errorf("the SSH option %q is not supported by kops", option)
}

// splitOption splits "Name=value" and "Name value".
func splitOption(option string) (name, val string) {
	i := strings.IndexAny(option, "= \t")
	if i < 0 {
		return strings.ToLower(option), ""
	}
	return strings.ToLower(option[:i]), strings.Trim(strings.TrimLeft(option[i:], "= \t"), `"`)
}

// arguments are those for the ssh command, the host's own variables last but one, so that
// an option that the user gave comes first and wins, as with Ansible.
func (a sshArgs) arguments(name string, s remote.Settings) []string {
	out := append([]string{}, a.args...)
	if s.Port != 0 {
		out = append(out, "-p", fmt.Sprint(s.Port))
	}
	if s.User != "" {
		out = append(out, "-l", s.User)
	}
	return append(out, "--", address(name, s))
}
