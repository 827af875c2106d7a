# Reads one log of a host, with the files that were rotated away from it. Before it stand the variables:
#   f        the file
#   epoch    seconds since 1970 from which on entries are wanted, and ms, their thousandths; or
#   since    the same as the log writes it; both empty for all
#   n        how many of the last entries are wanted; empty for all
#   follow   not empty: go on with what is written from now on
#   pack     not empty: compress the output
#   filter   the program that chooses entries; it reads K_LEVEL, K_GREP and more from the environment
#   stamp    the program that tells the time of the first entry
# Lines that begin with the byte 1 are for kops: the host's clock and its zone, how far the reading is, where history ends, and
# which files are missed. Where it goes on for long without output, it says nothing, in a line of its own, on standard error: kops
# takes a host that says nothing at all for one that hangs. The exit status is 3 where a file is missed and the rest is there.

fail() { echo "$1" >&2; exit 1; }

whole() { case $1 in *.gz) gzip -dc <"$1" ;; *) cat <"$1" ;; esac }

first() {
	case $1 in *.gz) gzip -dc <"$1" 2>/dev/null | head -c 65536 ;; *) head -c 65536 <"$1" ;; esac | awk "$stamp"
}

# readable tells whether a file can be read, if only its beginning.
readable() {
	[ -r "$1" ] || return
	case $1 in *.gz) [ -n "$(gzip -dc <"$1" 2>/dev/null | head -c 1)" ] || gzip -dc <"$1" >/dev/null 2>&1 ;; esac
}

# rotated lists the files that were rotated away, oldest first, each with the time of its first entry. One that cannot be read has
# that of its last change, so that it is missed where it would be wanted. So is the folder where it cannot be listed.
rotated() {
	{
		d=${f%/*}/
		[ -r "$d" ] || printf '9999\t%s\n' "$d"
		for r in "$f".* "$f"-*; do
			case $r in *.bz2 | *.xz | *.zst | *.zip | *.lck | *~) continue ;; esac
			[ -f "$r" ] || continue
			echo >&2
			t=$(first "$r" 2>/dev/null)
			if [ -z "$t" ] && ! readable "$r"; then t=$(date -r "$r" '+%Y-%m-%d %H:%M:%S,000') || t=9999; fi
			[ -z "$t" ] || printf '%s\t%s\n' "$t" "$r"
		done
	} | sort
}

# reaching lists those whose successor does not begin before $since.
reaching() {
	{
		rotated
		printf '%s\t\n' "$(first "$log")"
	} | K_SINCE=$since awk 'BEGIN { FS = "\t" } NR > 1 && ($1 == "" || $1 >= ENVIRON["K_SINCE"]) { print line } { line = $0 }'
}

# last finds where the last $n entries begin. It reads from the end, in pieces that grow.
last() {
	piece=1048576
	while :; do
		from=$((size > piece ? size - piece : 0))
		K_PIECE=; [ "$from" = 0 ] || K_PIECE=1
		have=$(tail -c "+$((from + 1))" <"$log" | head -c "$((size - from))" | K_COUNT=1 awk "$filter")
		if [ "$have" -ge "$n" ] || [ "$from" = 0 ]; then break; fi
		piece=$((piece * 16))
	done
	if [ "$have" -lt "$n" ]; then
		newest=$(if [ -n "$since" ]; then reaching; else rotated; fi | sort -r | cut -f 2-)
		while [ "$have" -lt "$n" ] && IFS= read -r r && [ -n "$r" ]; do
			have=$((have + $(whole "$r" 2>/dev/null | K_COUNT=1 awk "$filter")))
			files="$r
$files"
		done <<-END
			$newest
		END
	fi
	K_SKIP=$((have > n ? have - n : 0))
}

# missed says that a file is, and why.
missed() { printf '\001kops missed %s: %s\n' "$1" "$2"; }

# closed prints a file that is written no more; one that ends in the middle of a line gets an end. What cannot be read is missed.
closed() {
	if ! [ -e "$1" ]; then missed "$1" "it went away meanwhile"
	elif ! [ -r "$1" ]; then missed "$1" "$(id -un) must not read it: become another user with -b"
	elif { why=$(whole "$1" 2>&1 >&6); } 6>&1; then
		case $1 in *.gz) ;; *) [ -z "$(tail -c 1 <"$1")" ] || echo ;; esac
	else
		[ -z "$(whole "$1" 2>/dev/null | tail -c 1)" ] || echo
		why=$(printf %s "${why##*: }" | tail -n 1)
		missed "$1" "${why:-it cannot be read}"
	fi
}

# older prints the rotated files that are wanted.
older() {
	while IFS= read -r r; do
		[ -z "$r" ] || closed "$r"
	done <<-END
		$files
	END
}

# current prints the file that is written, from where it is wanted.
# Of so many of the last entries, none is one that was written since.
current() {
	if [ -n "$n" ] && [ -z "$follow" ]; then tail -c "+$((from + 1))" <&3 | head -c "$((size - from))"
	else tail -c "+$((from + 1))" <&3; fi || { echo && missed "$f" "it cannot be read to its end"; }
}

# news prints what is written from now on, to descriptor 3 and to the files that take its place. It never ends.
news() {
	looks=0
	while :; do
		if [ "$((looks += 1))" -gt 200 ]; then looks=0 && echo >&2; fi
		read -r name at </proc/self/fdinfo/3
		size=$(stat -L -c %s /dev/fd/3)
		if [ "$size" -gt "$at" ]; then cat <&3
		elif [ "$size" -lt "$at" ]; then exec 3</dev/fd/3 # truncated: from its beginning
		elif [ -e "$f" ] && ! [ "$f" -ef /dev/fd/3 ]; then turn
		else
			looks=$((looks + 9))
			sleep 0.5 2>/dev/null || sleep 1
		fi
	done
}

# turn ends with the file that is open and opens the one that has its name now, with those that were between.
turn() {
	command exec 4<"$f" || return 0
	cat <&3
	[ -z "$(tail -c 1 </dev/fd/3)" ] || echo
	rotated | cut -f 2- | {
		passed=
		while IFS= read -r r; do
			if [ "$r" -ef /dev/fd/3 ]; then passed=1
			elif [ -n "$passed" ] && ! [ "$r" -ef /dev/fd/4 ]; then closed "$r"; fi
		done
	}
	exec 3<&4 4<&-
}

# choose finds which files are wanted, and from which byte of the last.
choose() {
	files= from=0 K_SKIP=0 K_PIECE=
	if [ -e "$f" ]; then exec 3<"$f"; else exec 3</dev/null; fi
	log=/dev/fd/3 # it stays this file if it is rotated meanwhile
	size=$(stat -L -c %s "$log")
	if [ "$n" = 0 ]; then from=$size
	elif [ -n "$n" ]; then last
	elif [ -n "$since" ]; then files=$(reaching | cut -f 2-); fi
}

export K_SINCE K_LEVEL K_GREP K_SKIP K_PIECE K_HISTORY K_MARKS
if [ ! -e "$f" ]; then
	d=${f%/*}
	while [ -n "$d" ] && [ ! -e "$d" ]; do d=${d%/*}; done
	[ -x "${d:-/}" ] || fail "$(id -un) must not look into $d: become another user with -b"
	[ -n "$follow" ] || fail "there is no such file"
else
	[ -f "$f" ] || fail "it is not a file"
	[ -r "$f" ] || fail "$(id -un) must not read it: become another user with -b"
fi
if [ -n "$epoch" ]; then
	since=$(date -d "@$epoch" '+%Y-%m-%d %H:%M:%S') || fail "the host's date cannot tell a time"
	since=$since,$ms
fi
K_SINCE=$since K_MARKS=
if [ -n "$pack" ]; then
	command -v gzip >/dev/null || fail "the host has no gzip"
	choose
	{
		status=$({ { older; current; } | { awk "$filter"; echo $? >&7; } | gzip -c >&6; } 7>&1) || exit
	} 6>&1
	exit "$status"
fi
printf '\001kops zone %s\n' "$(date +%z)"
if [ -z "$follow" ]; then
	choose
	K_MARKS=1
	{ older; current; } | awk "$filter"
	exit
fi

printf '\001kops now %s\n' "$(date '+%Y-%m-%d %H:%M:%S')"
choose
K_HISTORY=$((size - from))
if [ -n "$(tail -c 1 <"$log")" ]; then # a line is being written: history ends before it
	K_HISTORY=$((K_HISTORY - $(tail -c 65536 <"$log" | awk '{ l = length($0) } END { print l + 0 }')))
fi
case $(awk -W version 2>&1 </dev/null) in mawk*) now='-W interactive' ;; *) now= ;; esac
K_MARKS=1
(
	{
		older
		printf '\001kops tail\n'
		current
		news
	} | awk $now "$filter" 3<&- # else it would keep the space of a file that is removed
	kill -s TERM 0
) &
exec 3<&-
cat >/dev/null # until kops is gone
kill -s TERM 0
