# Chooses entries of a log. An entry is a line that begins with a time, and the lines up to the next one that does.
# Lines before any time are entries of their own.

function level(at,    s) {
	s = substr($0, at, 100)
	if (!match(s, /[ [(](TRACE|DEBUG|INFO|WARN|ERROR|FATAL)[] :)]/)) return 0
	return rank[substr(s, RSTART + 1, RLENGTH - 2)]
}

function time(at,    ms) {
	ms = substr($0, at + 19, 4)
	if (ms !~ /^[.,][0-9][0-9][0-9]$/) ms = ",000"
	return substr($0, at, 10) " " substr($0, at + 11, 8) "," substr(ms, 2)
}

# alive ends the history: what comes from now on is wanted whatever its time, since clocks and zones differ.
function alive() { live = past = 1; print "\001kops live"; fflush() }

# say tells people something, or nothing as a sign of life.
function say(text) { print text | "cat >&2"; fflush("cat >&2") }

# miss passes on what cannot be read: the exit status tells of it, or kops takes it as it comes.
function miss(text) {
	missed = 3
	if (following) { print; fflush() }
	else say(text)
}

# take passes an entry on, as far as it has come.
function take(text) {
	if (counting) { count++; return 0 }
	if (skip > 0) { skip--; return 0 }
	print text
	return 1
}

function head(at) {
	headed = 1
	open = 0
	held = ""
	if (!past) {
		if (time(at) < since) return
		past = 1
	}
	if (least && level(at + 19) < least) return
	if (pattern == "" || $0 ~ pattern) open = take($0)
	else { open = 2; held = $0 }
}

function rest() {
	if (!headed) {
		if (!piece && past && !least && (pattern == "" || $0 ~ pattern)) take($0)
	} else if (open == 1) print
	else if (open == 2) {
		if ($0 ~ pattern) { open = take(held "\n" $0); held = "" }
		else if (length(held) < 1000000) held = held "\n" $0
	}
}

BEGIN {
	rank["TRACE"] = 1; rank["DEBUG"] = 2; rank["INFO"] = 3; rank["WARN"] = 4; rank["ERROR"] = 5; rank["FATAL"] = 6
	since = ENVIRON["K_SINCE"]; past = since == ""
	least = ENVIRON["K_LEVEL"] + 0
	pattern = ENVIRON["K_GREP"]
	counting = ENVIRON["K_COUNT"] != ""
	skip = ENVIRON["K_SKIP"] + 0
	piece = ENVIRON["K_PIECE"] != "" # the input begins in the middle
	history = ENVIRON["K_HISTORY"] + 0
	following = ENVIRON["K_HISTORY"] != ""
	marks = ENVIRON["K_MARKS"] != ""
}

/^\001kops tail$/ { tailing = 1; if (history <= 0) alive(); next }
/^\001kops missed / { miss(substr($0, 14)); next }

{
	if (/^\[?[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9]:[0-6][0-9]/) {
		at = substr($0, 1, 1) == "[" ? 2 : 1
		stamp = at == 2 ? substr($0, 2, 23) : substr($0, 1, 23)
		head(at)
	} else rest()
	if (live) fflush()
	else if (tailing && (read += length($0) + 1) >= history) alive()
	if (NR % 20000 == 0) {
		if (marks && stamp != "") { print "\001kops at " stamp; fflush() }
		else say("")
	}
}

END {
	if (counting) print count + 0
	exit missed + 0
}
