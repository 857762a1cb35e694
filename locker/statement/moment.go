package statement

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// moment reads a time as exchanges write them: a date with hyphens or slashes,
// its year in two digits or four, a blank or T, hours and minutes, seconds and
// their fraction if any, and after that maybe an offset. Without one it is
// meant in loc; own tells that it had one.
func moment(s string, loc *time.Location) (t time.Time, own, ok bool) {
	p := digits{s: strings.TrimSpace(s)}
	start := len(p.s)
	year := p.number(2, 4)
	switch start - len(p.s) {
	case 2:
		year += 2000
	case 4:
	default:
		return t, false, false
	}
	sep := p.one("-/")
	month := p.number(1, 2)
	if p.one("-/") != sep {
		p.bad = true
	}
	day := p.number(1, 2)
	if p.one(" T") == 0 {
		p.bad = true
	}
	hour := p.number(1, 2)
	p.must(':')
	minute := p.number(2, 2)
	second, nano := 0, 0
	if p.one(":") != 0 {
		second = p.number(2, 2)
		if p.one(".") != 0 {
			nano = p.fraction()
		}
	}
	if zone, had := p.zone(); had {
		loc, own = zone, true
	}
	if p.bad || p.s != "" || sep == 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nano, loc)
	return t, own, t.Day() == day || day < 29
}

// digits reads a text from its left.
type digits struct {
	s   string
	bad bool
}

func (p *digits) number(least, most int) int {
	n, i := 0, 0
	for i < len(p.s) && i < most && p.s[i] >= '0' && p.s[i] <= '9' {
		n = n*10 + int(p.s[i]-'0')
		i++
	}
	if i < least {
		p.bad = true
	}
	p.s = p.s[i:]
	return n
}

// one takes the next byte if it is one of set.
func (p *digits) one(set string) byte {
	if p.s == "" || strings.IndexByte(set, p.s[0]) < 0 {
		return 0
	}
	c := p.s[0]
	p.s = p.s[1:]
	return c
}

func (p *digits) must(c byte) {
	if p.one(string(c)) == 0 {
		p.bad = true
	}
}

func (p *digits) fraction() int {
	n, left := 0, 9
	for p.s != "" && p.s[0] >= '0' && p.s[0] <= '9' {
		if left > 0 {
			n = n*10 + int(p.s[0]-'0')
			left--
		}
		p.s = p.s[1:]
	}
	if left == 9 {
		p.bad = true
	}
	for ; left > 0; left-- {
		n *= 10
	}
	return n
}

func (p *digits) zone() (*time.Location, bool) {
	p.s = strings.TrimLeft(p.s, " ")
	if p.s == "Z" || p.s == "UTC" {
		p.s = ""
		return time.UTC, true
	}
	sign := p.one("+-")
	if sign == 0 {
		return nil, false
	}
	h := p.number(2, 2)
	p.one(":")
	m := p.number(2, 2)
	if h > 14 || m > 59 {
		p.bad = true
	}
	return fixed(sign == '-', h, m), true
}

func fixed(west bool, h, m int) *time.Location {
	seconds := (h*60 + m) * 60
	if west {
		seconds = -seconds
	}
	if seconds == 0 {
		return time.UTC
	}
	return time.FixedZone("", seconds)
}

// epoch reads a moment that is counted from 1970 in seconds, with a fraction or
// without, or in milliseconds, which their size tells apart.
func epoch(s string) (time.Time, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 1e8 || n >= 1e14 {
		return time.Time{}, false
	}
	if n >= 1e11 {
		if frac != "" {
			return time.Time{}, false
		}
		return time.UnixMilli(n).UTC(), true
	}
	nano := 0
	if frac != "" {
		p := digits{s: frac}
		if nano = p.fraction(); p.bad || p.s != "" {
			return time.Time{}, false
		}
	}
	return time.Unix(n, int64(nano)).UTC(), true
}

var (
	headZone = regexp.MustCompile(`(?i)[(（]\s*UTC([^)）]*)[)）]`)
	utcTime  = regexp.MustCompile(`(?i)^\s*UTC[_ ]?Time\s*$`)
	offset   = regexp.MustCompile(`^([+-]*)(\d{1,2})(?:[:_.]?(\d{2}))?$`)
)

// nameZone is the zone that a file's name ends in, as in (UTC+9), nil if there
// is none.
func nameZone(name string) *time.Location {
	if m := headZone.FindStringSubmatch(name); m != nil {
		return utcOffset(m[1])
	}
	return nil
}

// utcOffset reads what follows UTC. Binance writes -6 as --6, and null where it
// knows none.
func utcOffset(s string) *time.Location {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.UTC
	}
	m := offset.FindStringSubmatch(s)
	if m == nil {
		return nil
	}
	h, _ := strconv.Atoi(m[2])
	minutes, _ := strconv.Atoi(m[3])
	if h > 14 || minutes > 59 {
		return nil
	}
	return fixed(strings.Contains(m[1], "-"), h, minutes)
}

// ParseZone reads a zone as a person gives it: an offset like +09:00 or UTC+9,
// UTC, JST, or an IANA name.
func ParseZone(s string) (*time.Location, bool) {
	s = strings.TrimSpace(norm.NFKC.String(s))
	upper := strings.ToUpper(s)
	if upper == "JST" || s == "日本時間" {
		s = "Asia/Tokyo"
	}
	rest, utc := strings.CutPrefix(upper, "UTC")
	if loc := utcOffset(rest); loc != nil && (utc || rest != "" && strings.ContainsAny(rest[:1], "+-")) {
		return loc, true
	}
	if s == "" || upper == "LOCAL" {
		return nil, false
	}
	loc, err := time.LoadLocation(s)
	return loc, err == nil
}

// zoneName names a zone: UTC, an offset, an IANA name, or "Local".
func zoneName(loc *time.Location) string {
	if name := loc.String(); name != "" {
		return name
	}
	return time.Unix(0, 0).In(loc).Format("-07:00") // of a fixed offset, which any moment tells
}
