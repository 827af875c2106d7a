package template

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"kops/internal/jinja"
	"kops/internal/value"
)

// timeFilters write and read dates.
func timeFilters() map[string]jinja.Func {
	return map[string]jinja.Func{"strftime": strftime, "to_datetime": toDatetime}
}

func strftime(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("string_format", "second=", "utc=")
	if err != nil {
		return nil, err
	}
	format, err := c.String(0, "string_format", "")
	if err != nil {
		return nil, err
	}
	t := time.Now()
	if args[1] != jinja.Missing && args[1] != nil {
		seconds, err := value.ToFloat(args[1])
		if err != nil || seconds != seconds || seconds > 253402300799 || seconds < -62135596800 {
			return nil, fmt.Errorf("invalid value for epoch value (%s)", value.Str(args[1]))
		}
		t = time.UnixMicro(int64(seconds * 1e6))
	}
	if args[2] != jinja.Missing && value.Truth(args[2]) {
		return formatTime(format, t.UTC(), true), nil
	}
	return formatTime(format, t.Local(), false), nil
}

// formatTime is C's strftime in the C locale. zoned times have %z and %Z.
func formatTime(format string, t time.Time, zoned bool) string {
	var out strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out.WriteByte(format[i])
			continue
		}
		i++
		pad := byte(0)
		if strings.IndexByte("-_0^#", format[i]) >= 0 && i+1 < len(format) {
			pad = format[i]
			i++
		}
		out.WriteString(padded(timeField(format[i], t, zoned), pad))
	}
	return out.String()
}

// padded applies glibc's flags: - no padding, _ blanks, ^ upper case.
func padded(s string, flag byte) string {
	digits := strings.TrimLeft(s, "0 ")
	switch {
	case flag == '^':
		return strings.ToUpper(s)
	case flag != '-' && flag != '_' || strings.Trim(s, "0123456789 ") != "":
		return s
	case digits == "":
		digits = "0"
	}
	if flag == '_' {
		return strings.Repeat(" ", len(s)-len(digits)) + digits
	}
	return digits
}

func timeField(directive byte, t time.Time, zoned bool) string {
	two := func(n int) string { return fmt.Sprintf("%02d", n) }
	hour12 := (t.Hour()+11)%12 + 1
	isoYear, isoWeek := t.ISOWeek()
	weekday := int(t.Weekday())
	switch directive {
	case 'a':
		return t.Weekday().String()[:3]
	case 'A':
		return t.Weekday().String()
	case 'b', 'h':
		return t.Month().String()[:3]
	case 'B':
		return t.Month().String()
	case 'c':
		return formatTime("%a %b %e %H:%M:%S %Y", t, zoned)
	case 'C':
		return two(t.Year() / 100)
	case 'd':
		return two(t.Day())
	case 'D', 'x':
		return formatTime("%m/%d/%y", t, zoned)
	case 'e':
		return fmt.Sprintf("%2d", t.Day())
	case 'f':
		return fmt.Sprintf("%06d", t.Nanosecond()/1000)
	case 'F':
		return formatTime("%Y-%m-%d", t, zoned)
	case 'g':
		return two(isoYear % 100)
	case 'G':
		return fmt.Sprint(isoYear)
	case 'H':
		return two(t.Hour())
	case 'I':
		return two(hour12)
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay())
	case 'k':
		return fmt.Sprintf("%2d", t.Hour())
	case 'l':
		return fmt.Sprintf("%2d", hour12)
	case 'm':
		return two(int(t.Month()))
	case 'M':
		return two(t.Minute())
	case 'n':
		return "\n"
	case 'p':
		return map[bool]string{true: "AM", false: "PM"}[t.Hour() < 12]
	case 'P':
		return map[bool]string{true: "am", false: "pm"}[t.Hour() < 12]
	case 'r':
		return formatTime("%I:%M:%S %p", t, zoned)
	case 'R':
		return formatTime("%H:%M", t, zoned)
	case 's':
		return fmt.Sprint(t.Unix())
	case 'S':
		return two(t.Second())
	case 't':
		return "\t"
	case 'T', 'X':
		return formatTime("%H:%M:%S", t, zoned)
	case 'u':
		return fmt.Sprint((weekday+6)%7 + 1)
	case 'U':
		return two((t.YearDay() + 6 - weekday) / 7)
	case 'V':
		return two(isoWeek)
	case 'w':
		return fmt.Sprint(weekday)
	case 'W':
		return two((t.YearDay() + 6 - (weekday+6)%7) / 7)
	case 'y':
		return two(t.Year() % 100)
	case 'Y':
		return fmt.Sprint(t.Year())
	case 'z':
		if !zoned {
			return ""
		}
		return t.Format("-0700")
	case 'Z':
		if !zoned {
			return ""
		}
		return t.Format("MST")
	case '%':
		return "%"
	}
	return "%" + string(directive)
}

// A datetime is Python's, as to_datetime makes it: without a time zone, unless the text
// has one.
type datetime struct {
	t     time.Time
	zoned bool
}

// Get implements value.Object.
func (d datetime) Get(key value.Value) (value.Value, bool, error) {
	switch key {
	case "year":
		return int64(d.t.Year()), true, nil
	case "month":
		return int64(d.t.Month()), true, nil
	case "day":
		return int64(d.t.Day()), true, nil
	case "hour":
		return int64(d.t.Hour()), true, nil
	case "minute":
		return int64(d.t.Minute()), true, nil
	case "second":
		return int64(d.t.Second()), true, nil
	case "microsecond":
		return int64(d.t.Nanosecond() / 1000), true, nil
	}
	return nil, false, nil
}

// Keys implements value.Object.
func (d datetime) Keys() []value.Value {
	return []value.Value{"year", "month", "day", "hour", "minute", "second", "microsecond"}
}

// String is Python's str of it.
func (d datetime) String() string {
	format := "2006-01-02 15:04:05"
	if d.t.Nanosecond() != 0 {
		format += ".000000"
	}
	if d.zoned {
		format += "-07:00"
	}
	return d.t.Format(format)
}

func toDatetime(c *jinja.Call) (value.Value, error) {
	if _, err := c.Bind("string", "format="); err != nil {
		return nil, err
	}
	text, err := c.String(0, "string", "")
	if err != nil {
		return nil, err
	}
	format, err := c.String(1, "format", "%Y-%m-%d %H:%M:%S")
	if err != nil {
		return nil, err
	}
	p := &timeParser{rest: text, year: 1900, month: 1, day: 1}
	if err := p.parse(format); err != nil {
		return nil, fmt.Errorf("time data %s does not match format %s: %w", value.Repr(text), value.Repr(format), err)
	}
	if p.rest != "" {
		return nil, fmt.Errorf("unconverted data remains: %s", p.rest)
	}
	t, err := p.time()
	if err != nil {
		return nil, err
	}
	return datetime{t, p.zone != nil}, nil
}

// A timeParser is Python's strptime.
type timeParser struct {
	rest                        string
	year, month, day, yearDay   int
	hour, minute, second, micro int
	afternoon, twelve           bool
	zone                        *time.Location
}

func (p *timeParser) time() (time.Time, error) {
	if p.twelve {
		p.hour %= 12
		if p.afternoon {
			p.hour += 12
		}
	}
	zone := p.zone
	if zone == nil {
		zone = time.UTC
	}
	if p.yearDay > 0 {
		p.month, p.day = 1, p.yearDay
	} else if last := time.Date(p.year, time.Month(p.month)+1, 0, 0, 0, 0, 0, time.UTC).Day(); p.day > last {
		return time.Time{}, errors.New("day is out of range for month")
	}
	return time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second, p.micro*1000, zone), nil
}

func (p *timeParser) parse(format string) error {
	for i := 0; i < len(format); i++ {
		switch c := format[i]; {
		case c == '%' && i+1 < len(format):
			i++
			if err := p.field(format[i]); err != nil {
				return err
			}
		case c == ' ':
			trimmed := strings.TrimLeft(p.rest, " \t\n")
			if trimmed == p.rest {
				return errors.New("a blank is missing")
			}
			p.rest = trimmed
		case !strings.HasPrefix(p.rest, string(rune(c))):
			return fmt.Errorf("%q is missing", c)
		default:
			p.rest = p.rest[1:]
		}
	}
	return nil
}

func (p *timeParser) field(directive byte) (err error) {
	switch directive {
	case 'Y':
		p.year, err = p.number(4, 4, 1, 9999)
	case 'y':
		if p.year, err = p.number(2, 2, 0, 99); p.year < 69 {
			p.year += 100
		}
		p.year += 1900
	case 'm':
		p.month, err = p.number(1, 2, 1, 12)
	case 'd', 'e':
		p.day, err = p.number(1, 2, 1, 31)
	case 'j':
		p.yearDay, err = p.number(1, 3, 1, 366)
	case 'H':
		p.hour, err = p.number(1, 2, 0, 23)
	case 'I':
		p.twelve = true
		p.hour, err = p.number(1, 2, 1, 12)
	case 'M':
		p.minute, err = p.number(1, 2, 0, 59)
	case 'S':
		p.second, err = p.number(1, 2, 0, 61)
	case 'f':
		before := len(p.rest)
		p.micro, err = p.number(1, 6, 0, 999999)
		for n := before - len(p.rest); n < 6; n++ {
			p.micro *= 10
		}
	case 'b', 'B', 'h':
		p.month, err = p.name(12, func(i int) string { return time.Month(i + 1).String() })
		p.month++
	case 'a', 'A':
		_, err = p.name(7, func(i int) string { return time.Weekday(i).String() })
	case 'p':
		var i int
		i, err = p.name(2, func(i int) string { return []string{"AM", "PM"}[i] })
		p.afternoon = i == 1
	case 'T':
		err = p.parse("%H:%M:%S")
	case 'F':
		err = p.parse("%Y-%m-%d")
	case 'D':
		err = p.parse("%m/%d/%y")
	case 'R':
		err = p.parse("%H:%M")
	case 'z':
		err = p.offset()
	case 'Z':
		for _, name := range []string{"UTC", "GMT"} {
			if rest, ok := strings.CutPrefix(p.rest, name); ok {
				p.rest = rest
				return nil
			}
		}
		err = errors.New("the name of a time zone is missing")
	case '%':
		err = p.parse("%")
	default:
		err = fmt.Errorf("'%c' is a bad directive in format", directive)
	}
	return err
}

func (p *timeParser) number(least, most, low, high int) (int, error) {
	n, digits := 0, 0
	for digits < most && digits < len(p.rest) && p.rest[digits] >= '0' && p.rest[digits] <= '9' {
		next := n*10 + int(p.rest[digits]-'0')
		if next > high {
			break
		}
		n = next
		digits++
	}
	if digits < least || n < low {
		return 0, fmt.Errorf("%q has no number from %d to %d", p.rest, low, high)
	}
	p.rest = p.rest[digits:]
	return n, nil
}

// name reads a name in full or its first three letters.
func (p *timeParser) name(count int, name func(int) string) (int, error) {
	text := strings.ToLower(p.rest)
	for i := range count {
		full := strings.ToLower(name(i))
		for _, form := range []string{full, full[:min(3, len(full))]} {
			if strings.HasPrefix(text, form) {
				p.rest = p.rest[len(form):]
				return i, nil
			}
		}
	}
	return 0, errors.New("the name of a day, a month or a half of the day is missing")
}

// offset reads Z, +0200 or +02:00.
func (p *timeParser) offset() error {
	if rest, ok := strings.CutPrefix(p.rest, "Z"); ok {
		p.rest, p.zone = rest, time.UTC
		return nil
	}
	if p.rest == "" || p.rest[0] != '+' && p.rest[0] != '-' {
		return errors.New("an offset from UTC is missing")
	}
	sign := 1
	if p.rest[0] == '-' {
		sign = -1
	}
	p.rest = p.rest[1:]
	hours, err := p.number(2, 2, 0, 23)
	if err != nil {
		return err
	}
	p.rest = strings.TrimPrefix(p.rest, ":")
	minutes, err := p.number(2, 2, 0, 59)
	p.zone = time.FixedZone("", sign*(hours*3600+minutes*60))
	return err
}
