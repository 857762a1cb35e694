package main

import (
	"errors"
	"testing"
	"time"
	_ "time/tzdata"
)

func zone(t testing.TB, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestParseWhen(t *testing.T) {
	tokyo := time.Date(2026, 11, 22, 14, 30, 0, 0, zone(t, "Asia/Tokyo"))
	// New York put its clocks back at 02:00 on this day, to 01:00.
	autumn := time.Date(2026, 11, 1, 12, 0, 0, 0, zone(t, "America/New_York"))
	// And forward at 02:00 on this one, to 03:00.
	spring := time.Date(2026, 3, 8, 12, 0, 0, 0, zone(t, "America/New_York"))
	for _, c := range []struct {
		in   string
		now  time.Time
		want string // RFC 3339, "" if it cannot be read
		err  error
	}{
		{"now", tokyo, "2026-11-22T14:30:00+09:00", nil},
		{"2026-11-22T05:03:00Z", tokyo, "2026-11-22T05:03:00Z", nil},
		{"2026-11-22T14:03:00.123+09:00", tokyo, "2026-11-22T14:03:00.123+09:00", nil},
		{"2026-11-22 14:03", tokyo, "2026-11-22T14:03:00+09:00", nil},
		{"2026-11-22  14:03:05", tokyo, "2026-11-22T14:03:05+09:00", nil},
		{"2026/11/22 14:03", tokyo, "2026-11-22T14:03:00+09:00", nil},
		{"2026-11-22 14:03 -05:00", tokyo, "2026-11-22T14:03:00-05:00", nil},
		{"14:03", tokyo, "2026-11-22T14:03:00+09:00", nil},
		{"14:30", tokyo, "2026-11-22T14:30:00+09:00", nil},
		{"14:31", tokyo, "2026-11-21T14:31:00+09:00", nil},
		{"9:00:01", tokyo, "2026-11-22T09:00:01+09:00", nil},
		{"10m ago", tokyo, "2026-11-22T14:20:00+09:00", nil},
		{"2 hours ago", tokyo, "2026-11-22T12:30:00+09:00", nil},
		{"1h 30m ago", tokyo, "2026-11-22T13:00:00+09:00", nil},
		{"3 days ago", tokyo, "2026-11-19T14:30:00+09:00", nil},
		{"yesterday 23:50", tokyo, "2026-11-21T23:50:00+09:00", nil},
		{"Today 9:00", tokyo, "2026-11-22T09:00:00+09:00", nil},
		{"2026-11-01 00:59", autumn, "2026-11-01T00:59:00-04:00", nil},
		{"2026-11-01 01:30", autumn, "", errWhenTwice},
		{"2026-11-01 01:30 -04:00", autumn, "2026-11-01T01:30:00-04:00", nil},
		{"today 1:30", autumn, "", errWhenTwice},
		{"1:30", autumn, "2026-11-01T01:30:00-05:00", nil}, // the latest such moment
		{"2026-03-08 02:30", spring, "", errWhenGap},
		{"2:30", spring, "2026-03-07T02:30:00-05:00", nil}, // the latest such moment
		{"2026-11-22", tokyo, "", errWhenDate},
		{"2026-02-30 10:00", tokyo, "", errWhenUnknown},
		{"2026-11-22 24:00", tokyo, "", errWhenUnknown},
		{"25:00", tokyo, "", errWhenUnknown},
		{"14:03 +09:00", tokyo, "", errWhenUnknown},
		{"tomorrow 9:00", tokyo, "", errWhenUnknown},
		{"10 parsecs ago", tokyo, "", errWhenUnknown},
		{"999999h ago", tokyo, "", errWhenUnknown},
		{"0001-01-01 00:00", tokyo, "", errWhenUnknown},
		{"", tokyo, "", errWhenUnknown},
		{"１４：０３", tokyo, "2026-11-22T14:03:00+09:00", nil},
		{"２０２６／１１／２２　１４：０３", tokyo, "2026-11-22T14:03:00+09:00", nil},
		{"2 hrs ago", tokyo, "2026-11-22T12:30:00+09:00", nil},
		{"5 ms ago", tokyo, "", errWhenUnknown},
		{"5 ds ago", tokyo, "", errWhenUnknown},
		{"36500d ago", tokyo, "", errWhenUnknown}, // before 1970
		{"40000d ago", tokyo, "", errWhenUnknown},
		{"40000d 40000d 40000d ago", tokyo, "", errWhenUnknown},
		{"999999d 999999d 999999d 999999d ago", tokyo, "", errWhenUnknown},
		{"around noon", tokyo, "", errWhenUnknown},
	} {
		got, err := parseWhen(c.in, c.now)
		if !errors.Is(err, c.err) {
			t.Errorf("%q: error %v, want %v", c.in, err, c.err)
			continue
		}
		if err == nil && got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%q: %s, want %s", c.in, got.Format(time.RFC3339Nano), c.want)
		}
	}
}

// A time that is read stays the same when it is written out and read again,
// and a time of day lies in the past.
func FuzzParseWhen(f *testing.F) {
	for _, s := range []string{"now", "14:03", "2026-11-22 14:03", "10m ago", "yesterday 23:50", "2026-11-22T14:03:05.5Z", "2026-03-08 02:30"} {
		f.Add(s, int64(1795411800))
	}
	ny := zone(f, "America/New_York")
	f.Fuzz(func(t *testing.T, s string, unix int64) {
		now := time.Unix(unix%10_000_000_000, 0).In(ny)
		got, err := parseWhen(s, now)
		if err != nil {
			if !got.IsZero() {
				t.Fatalf("%q: a time and an error", s)
			}
			return
		}
		again, err := parseWhen(got.Format(time.RFC3339Nano), now)
		if err != nil || !again.Equal(got) {
			t.Fatalf("%q: %s and then %s, %v", s, got, again, err)
		}
		if _, ok := parseClock(s); ok && got.After(now) {
			t.Fatalf("%q: %s lies after %s", s, got, now)
		}
	})
}
