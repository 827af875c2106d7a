package posix

import (
	"fmt"
	"strings"

	"kops/internal/remote"
)

// exitInvalid is the exit status of a write script whose validation failed.
const exitInvalid = 94

// A write is one replacement of a file.
type write struct {
	path string
	temp string // name of the temporary file
	opts remote.WriteOptions
	size int64 // what was streamed
}

// locate finds the file behind links ($p), its folder ($d) and the temporary file ($t).
func (w *write) locate() string {
	return "p=" + Quote(w.path) + "; name=" + w.temp + "; inplace=" + map[bool]string{true: "1"}[w.opts.InPlace] + `
if [ -L "$p" ]; then p=$(readlink -f -- "$p") || { echo "it is a link that leads nowhere" >&2; exit 1; }; fi
d=${p%/*}; [ -n "$d" ] || d=/
t=$d/$name
if [ -n "$inplace" ] && [ -d "$d" ] && [ ! -w "$d" ]; then t=/tmp/$name; fi
`
}

// create makes the temporary file, which nobody else can read, and sees to its removal.
const create = `if [ -d "$p" ]; then echo "it is a folder" >&2; exit 1; fi
if [ ! -d "$d" ]; then echo "the folder $d does not exist" >&2; exit 1; fi
trap 'rm -f -- "$t"' EXIT
trap 'exit 1' HUP INT TERM PIPE
(umask 077; set -C; : >"$t") || exit 1
`

// sweep removes what broken connections left in the folder, once it is an hour old.
const sweep = `for f in "$d"/.kops-????????????~; do
	if [ "$f" != "$t" ] && [ -e "$f" ]; then find "$f" -prune -mmin +60 -exec rm -rf -- '{}' \; ; fi
done
`

// small is the whole write of a text.
func (w *write) small(text []byte) string {
	return w.locate() + create + sweep +
		"printf %s " + Quote(string(text)) + ` | cat >"$t" || exit 1` + "\n" + w.finish()
}

// receive fills the temporary file from the input. Its answer cannot be given where the
// connection is gone, and then the file is removed.
func (w *write) receive() string {
	return w.locate() + create + sweep + `cat >"$t" || exit 1
printf done || exit 1
trap - EXIT
exit 0
`
}

// streamed ends a write whose temporary file has been filled.
func (w *write) streamed() string {
	return w.locate() + `trap 'rm -f -- "$t"' EXIT
trap 'exit 1' HUP INT TERM PIPE
got=$(wc -c <"$t") || exit 1
` + fmt.Sprintf(`if [ "$got" -ne %d ]; then echo "%d bytes were sent and $got arrived" >&2; exit 1; fi`+"\n", w.size, w.size) + w.finish()
}

// finish gives the temporary file its owner, mode and label, has it validated, keeps the old
// file, and puts it in place.
func (w *write) finish() string {
	var b strings.Builder
	b.WriteString(`old=; [ -e "$p" ] && old=$(stat -c '%u %g %a' -- "$p")
set -- $old
uid=$1; gid=$2; mode=$3
`)
	fmt.Fprintf(&b, "owner=%s; group=%s\n", Quote(w.opts.Owner), Quote(w.opts.Group))
	b.WriteString(`owner=${owner:-$uid}; group=${group:-$gid}
if [ -n "$owner$group" ]; then
	new=$(stat -c '%u %g' -- "$t") || exit 1
	[ "${owner:-${new% *}} ${group:-${new#* }}" = "$new" ] || chown -- "$owner${group:+:$group}" "$t" || exit 1
fi
`)
	if w.opts.Mode != nil {
		fmt.Fprintf(&b, "chmod %04o \"$t\" || exit 1\n", uint32(*w.opts.Mode))
	} else {
		b.WriteString(`if [ -n "$mode" ]; then chmod "$mode" "$t"; else chmod =rw "$t"; fi || exit 1` + "\n")
	}
	if !w.opts.ModTime.IsZero() {
		fmt.Fprintf(&b, "touch -d @%d \"$t\" || exit 1\n", w.opts.ModTime.Unix())
	}
	b.WriteString(`se=; [ -d /sys/fs/selinux ] && selinuxenabled 2>/dev/null && se=1
if [ -n "$se" ] && [ -n "$old" ]; then chcon --reference="$p" -- "$t" || exit 1; fi
`)
	if w.opts.Validate != "" {
		command := strings.ReplaceAll(w.opts.Validate, "%s", `"$t"`)
		fmt.Fprintf(&b, "( %s\n) </dev/null || exit %d\n", command, exitInvalid)
	}
	if w.opts.Backup != "" {
		// A second name for the old file: nothing is copied, and it is there at once or not at all.
		b.WriteString("bak=" + Quote(w.opts.Backup) + "\n" + `if [ -n "$old" ]; then
	{ [ -z "$inplace" ] && ln -- "$p" "$bak" 2>/dev/null; } || cp -p -- "$p" "$bak" || exit 1
fi
`)
	}
	b.WriteString(`sync -- "$t" 2>/dev/null || sync
if [ "${t%/*}" = "${p%/*}" ]; then
	if said=$(mv -f -- "$t" "$p" 2>&1); then
		trap - EXIT
		sync -- "$d" 2>/dev/null
		[ -z "$se" ] || [ -n "$old" ] || restorecon -- "$p" 2>/dev/null
		exit 0
	fi
	if [ -z "$inplace" ]; then echo "$said" >&2; exit 1; fi
fi
cat -- "$t" >"$p" || exit 1
sync -- "$p" 2>/dev/null || sync
`)
	return b.String()
}
