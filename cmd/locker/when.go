package main

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/unicode/norm"
)

// A whenError says why a time could not be read; it is a catalogue key.
type whenError string

func (e whenError) Error() string           { return "reading time: " + string(e) }
func (e whenError) translate(l lang) string { return l.msg(string(e)) }

const (
	errWhenUnknown whenError = "when.unknown"   // no form that is known
	errWhenGap     whenError = "when.gap"       // the clocks were put forward over it
	errWhenTwice   whenError = "when.twice"     // the clocks were put back over it
	errWhenDate    whenError = "when.date-only" // a day without a time
	errWhenMonth   whenError = "when.month-day" // which of the numbers is the month?
	errWhenVague   whenError = "when.vague"     // a while ago
)

// pattern is a regular expression that is compiled when it is first used: most
// runs need few of them, and adding is not to wait for the others.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// Years outside of these are typing errors, and their zones have odd seconds.
const minYear, maxYear = 1970, 9999

var (
	whenDate  = regexp.MustCompile(`^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]+(.*))?$`)
	whenClock = regexp.MustCompile(`^(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(?: ?(Z|[+-]\d{2}:\d{2}))?$`)
	whenDay   = regexp.MustCompile(`^(today|yesterday|2 days back)(?: +(.*))?$`)
	whenMonth = regexp.MustCompile(`^(` + monthDay + `)?(\d{1,2})/(\d{1,2})(?: +(.*))?$`)
	whenHalf  = regexp.MustCompile(`^(\d{1,2})(?::(\d{2})(?::(\d{2}))?)? ?([ap])\.?m\.?$`)
	whenAgo   = regexp.MustCompile(`^((?:\d{1,6} *[a-z]+ *)+) ago$`)
	whenPart  = regexp.MustCompile(`(\d+) *([a-z]+)`)
)

// monthDay marks a date that surely begins with its month.
const monthDay = "month "

// daysBack are the words for a day.
var daysBack = map[string]int{"today": 0, "yesterday": 1, "2 days back": 2}

var whenUnits = map[string]time.Duration{
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hrs": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
}

// longAgo bounds "ago": what lies further back is a typing error.
const longAgo = 100 * 365 * 24 * time.Hour

// parseWhen reads a time as people write it: RFC 3339, `2026-11-22 14:03`,
// `14:03` (the latest such moment in the past), `2:03 pm`, `today 9:00`,
// `yesterday 23:50`, `11/22 14:03`, `10m ago`, `now`; in Japanese as in
// `昨日 23時50分`, `11月22日 午後2時`, `令和8年11月22日 14:03`, `10分前`; of any
// width. Without an offset it is meant in now's zone. monthFirst tells how the
// person reads 5/6; without it, only a date that can be read one way is taken. A moment of a given day that the zone skipped or had
// twice is an error, never a guess; of a bare time of day that came twice, the
// later one is the latest such moment.
func parseWhen(s string, now time.Time, monthFirst bool) (time.Time, error) {
	s = fromJapanese(strings.Join(strings.Fields(norm.NFKC.String(s)), " "))
	t, err := readWhen(s, now, monthFirst)
	if err == nil && (t.Year() < minYear || t.Year() > maxYear) {
		err = errWhenUnknown
	}
	if err != nil {
		return time.Time{}, err
	}
	return t, nil
}

func readWhen(s string, now time.Time, monthFirst bool) (time.Time, error) {
	lower := strings.ToLower(s)
	switch lower {
	case "now", "just now":
		return now.Truncate(time.Second), nil
	case "a moment ago", "a while ago", "earlier", "recently", "さっき", "ついさっき", "先ほど", "先程", "さきほど", "少し前", "ちょっと前":
		return time.Time{}, errWhenVague
	}
	if m := whenAgo.FindStringSubmatch(lower); m != nil {
		return ago(m[1], now)
	}
	if m := whenDay.FindStringSubmatch(lower); m != nil {
		if m[2] == "" {
			return time.Time{}, errWhenDate
		}
		day := now.AddDate(0, 0, -daysBack[m[1]])
		c, ok := parseClock(m[2])
		if !ok || c.zone != nil {
			return time.Time{}, errWhenUnknown
		}
		return c.on(day.Year(), day.Month(), day.Day(), now.Location())
	}
	if m := whenDate.FindStringSubmatch(s); m != nil {
		return onDate(m[1:4], m[4], now)
	}
	if m := whenMonth.FindStringSubmatch(s); m != nil {
		return onMonthDay(m[2], m[3], m[4], now, monthFirst || m[1] != "")
	}
	if c, ok := parseClock(s); ok && c.zone == nil {
		return c.latest(now)
	}
	return time.Time{}, errWhenUnknown
}

// ago reads "1h 30m" backwards from now.
func ago(parts string, now time.Time) (time.Time, error) {
	var d time.Duration
	for _, p := range whenPart.FindAllStringSubmatch(parts, -1) {
		unit, ok := whenUnits[p[2]]
		n, err := strconv.Atoi(p[1])
		if !ok || err != nil || time.Duration(n) > (longAgo-d)/unit {
			return time.Time{}, errWhenUnknown
		}
		d += time.Duration(n) * unit
	}
	return now.Add(-d).Truncate(time.Second), nil
}

// onDate reads a calendar date and the rest of the text as a time of that day.
func onDate(ymd []string, rest string, now time.Time) (time.Time, error) {
	y, _ := strconv.Atoi(ymd[0])
	m, _ := strconv.Atoi(ymd[1])
	d, _ := strconv.Atoi(ymd[2])
	if m < 1 || m > 12 || d < 1 || time.Date(y, time.Month(m), d, 12, 0, 0, 0, time.UTC).Day() != d {
		return time.Time{}, errWhenUnknown
	}
	if rest == "" {
		return time.Time{}, errWhenDate
	}
	c, ok := parseClock(rest)
	if !ok {
		return time.Time{}, errWhenUnknown
	}
	loc := now.Location()
	if c.zone != nil {
		loc = c.zone
	}
	return c.on(y, time.Month(m), d, loc)
}

// onMonthDay reads a date without a year: the latest such moment in the past.
func onMonthDay(first, second, rest string, now time.Time, monthFirst bool) (time.Time, error) {
	x, _ := strconv.Atoi(first)
	y, _ := strconv.Atoi(second)
	switch {
	case monthFirst || x == y || y > 12:
	case x > 12:
		first, second = second, first
	default:
		return time.Time{}, errWhenMonth
	}
	var failed error
	for back := range 9 { // 29 February comes again within eight years
		t, err := onDate([]string{strconv.Itoa(now.Year() - back), first, second}, rest, now)
		if err == nil && !t.After(now) {
			return t, nil
		}
		if err != nil && failed == nil {
			failed = err
		}
		if err != nil && err != errWhenUnknown {
			return time.Time{}, err
		}
	}
	if failed == nil {
		failed = errWhenUnknown
	}
	return time.Time{}, failed
}

// A clock is a time of day.
type clock struct {
	hour, min, sec, nsec int
	zone                 *time.Location // nil: none given
}

func parseClock(s string) (clock, bool) {
	if m := whenHalf.FindStringSubmatch(strings.ToLower(s)); m != nil {
		return halfDay(m)
	}
	m := whenClock.FindStringSubmatch(strings.ToUpper(s))
	if m == nil {
		return clock{}, false
	}
	var c clock
	c.hour, _ = strconv.Atoi(m[1])
	c.min, _ = strconv.Atoi(m[2])
	c.sec, _ = strconv.Atoi(m[3])
	if m[4] != "" {
		c.nsec, _ = strconv.Atoi((m[4][1:] + "00000000")[:9])
	}
	if c.hour > 23 || c.min > 59 || c.sec > 59 {
		return clock{}, false
	}
	switch z := m[5]; {
	case z == "Z":
		c.zone = time.UTC
	case z != "":
		t, err := time.Parse("-07:00", z)
		if err != nil {
			return clock{}, false
		}
		_, offset := t.Zone()
		c.zone = time.FixedZone("", offset)
	}
	return c, true
}

// halfDay reads a time of a twelve-hour clock.
func halfDay(m []string) (clock, bool) {
	var c clock
	c.hour, _ = strconv.Atoi(m[1])
	c.min, _ = strconv.Atoi(m[2])
	c.sec, _ = strconv.Atoi(m[3])
	if c.hour < 1 || c.hour > 12 || c.min > 59 || c.sec > 59 {
		return clock{}, false
	}
	c.hour %= 12
	if m[4] == "p" {
		c.hour += 12
	}
	return c, true
}

// on returns the one moment at which the clocks in loc showed c on that day.
func (c clock) on(y int, m time.Month, d int, loc *time.Location) (time.Time, error) {
	switch at := c.moments(y, m, d, loc); len(at) {
	case 0:
		return time.Time{}, errWhenGap
	case 1:
		return at[0], nil
	default:
		return time.Time{}, errWhenTwice
	}
}

// moments returns the moments, in order, at which the clocks in loc show c on
// that day: none where they were put forward, two where they were put back.
func (c clock) moments(y int, m time.Month, d int, loc *time.Location) []time.Time {
	guess := time.Date(y, m, d, c.hour, c.min, c.sec, c.nsec, loc)
	wall := time.Date(y, m, d, c.hour, c.min, c.sec, c.nsec, time.UTC)
	var found []time.Time
	// The offsets in force around the day are all that can apply.
	for _, near := range []time.Duration{-26 * time.Hour, 0, 26 * time.Hour} {
		_, offset := guess.Add(near).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second).In(loc)
		if _, really := t.Zone(); really != offset {
			continue
		}
		if len(found) == 0 || t.After(found[len(found)-1]) {
			found = append(found, t)
		} else if t.Before(found[0]) {
			found = append([]time.Time{t}, found...)
		}
	}
	return found
}

// latest returns the latest moment up to now at which the clocks showed c.
func (c clock) latest(now time.Time) (time.Time, error) {
	for back := range 8 {
		day := time.Date(now.Year(), now.Month(), now.Day()-back, 12, 0, 0, 0, now.Location())
		at := c.moments(day.Year(), day.Month(), day.Day(), now.Location())
		for i := len(at) - 1; i >= 0; i-- {
			if !at[i].After(now) {
				return at[i], nil
			}
		}
	}
	return time.Time{}, errWhenGap
}

// formatTime writes a time for people, to the second, with its offset.
func formatTime(t time.Time) string {
	layout := "2006-01-02 15:04:05 -07:00"
	if t.Nanosecond() != 0 {
		layout = "2006-01-02 15:04:05.000 -07:00"
	}
	return t.Format(layout)
}
