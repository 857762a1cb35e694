// Package claims reads what a picture or a mail says of itself: when and with
// what it was made, who sent it to whom. None of it is a fact: whoever has the
// file can write into it. Nothing is read of where a picture was taken; the
// original keeps that.
//
// A file may be hostile: what is read of it is its beginning only, and each
// value, and how many there are, is bounded.
package claims

import (
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"evidence-locker/locker/record"
)

const (
	valueLimit = 300 // bytes of one value
	listLimit  = 20  // values of one field
)

// Of returns what a file says of itself as fields of its evidence record. head
// is its beginning, and whole says that nothing follows.
func Of(mediaType, name string, head []byte, whole bool) record.Fields {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	f := record.Fields{}
	switch {
	case strings.HasPrefix(mediaType, "image/"):
		picture(f, mediaType, head)
	case mediaType == "message/rfc822" || strings.EqualFold(filepath.Ext(name), ".eml"):
		mail(f, head, whole)
	}
	return f
}

// set puts a value into a field, shortened, if it says anything.
func set(f record.Fields, name, value string) {
	if value = short(value); value != "" {
		f[name] = record.Text(value)
	}
}

// short makes one line of at most valueLimit bytes.
func short(s string) string {
	if len(s) > 8*valueLimit { // what follows is cut off in any case
		s = s[:8*valueLimit]
	}
	s = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", " "), "\uFFFD")), " ")
	if len(s) <= valueLimit {
		return s
	}
	cut := valueLimit - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// takenForms are how a picture says when it was taken. With none of the last a
// zone is named.
var takenForms = []struct {
	layout string
	zone   bool
}{
	{"2006:01:02 15:04:05Z07:00", true}, {time.RFC3339, true}, {"2006-01-02 15:04:05 MST", true}, {time.RFC1123Z, true}, {time.RFC1123, true},
	{"2006:01:02 15:04:05", false}, {"2006-01-02T15:04:05", false}, {"2006-01-02 15:04:05", false},
}

// TakenTime reads the field taken. A time without a zone counts as one in local.
func TakenTime(taken string, local *time.Location) (t time.Time, ok bool) {
	for _, f := range takenForms {
		if t, err := time.ParseInLocation(f.layout, taken, local); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
