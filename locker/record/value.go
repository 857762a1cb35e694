package record

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"golang.org/x/text/width"
)

// A Value is what a field holds: Text, List, Time, Amount, Int, FileName, or
// Other for a form that this program does not know.
type Value interface {
	// String returns the value as a person would write it.
	String() string
	json() []byte
}

// Fields are the named values of a record.
type Fields map[string]Value

// Text is any bytes. In JSON it is a string, or {"b64":...} (RFC 4648, padded)
// if the bytes are not valid UTF-8.
type Text string

func (t Text) String() string { return string(t) }

func (t Text) json() []byte {
	if utf8.ValidString(string(t)) {
		return appendString(nil, []byte(t))
	}
	return []byte(`{"b64":"` + base64.StdEncoding.EncodeToString([]byte(t)) + `"}`)
}

// List is several texts; in JSON an array.
type List []Text

func (l List) String() string {
	s := make([]string, len(l))
	for i, t := range l {
		s[i] = string(t)
	}
	return strings.Join(s, ", ")
}

func (l List) json() []byte {
	parts := make([][]byte, len(l))
	for i, t := range l {
		parts[i] = t.json()
	}
	return append(append([]byte{'['}, bytes.Join(parts, []byte{','})...), ']')
}

// Time is a moment with its zone offset. Raw is what the person typed, empty
// if nothing was. In JSON {"at":RFC 3339 with numeric offset,"raw":...}.
type Time struct {
	At  time.Time
	Raw string
}

// String returns the moment with its offset, and with its fraction of a
// second only if there is one.
func (t Time) String() string { return FormatTime(t.At) }

func (t Time) json() []byte {
	out := append([]byte(`{"at":`), appendString(nil, []byte(FormatTime(t.At)))...)
	if t.Raw != "" {
		out = append(append(out, `,"raw":`...), Text(t.Raw).json()...)
	}
	return append(out, '}')
}

// FormatTime spells a moment in the one way in which records hold it: RFC 3339
// with a numeric offset (never Z) and up to nine digits of a second.
func FormatTime(t time.Time) string { return t.Format("2006-01-02T15:04:05.999999999-07:00") }

// ParseTime reads FormatTime's spelling and no other.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse("2006-01-02T15:04:05.999999999-07:00", s)
	if err != nil || FormatTime(t) != s {
		return time.Time{}, fmt.Errorf("%w: time %.40q", ErrMalformed, s)
	}
	return t, nil
}

// Amount is a quantity of an asset. Raw is what came in; Quantity, a plain
// decimal, and Asset are empty where Raw could not be read. In JSON
// {"asset":...,"quantity":...,"raw":...}.
type Amount struct{ Raw, Quantity, Asset string }

func (a Amount) String() string {
	if a.Quantity == "" {
		return a.Raw
	}
	return strings.TrimSpace(a.Quantity + " " + a.Asset)
}

func (a Amount) json() []byte {
	out := []byte{'{'}
	if a.Quantity != "" {
		out = append(append(out, `"asset":`...), Text(a.Asset).json()...)
		out = append(append(out, `,"quantity":`...), Text(a.Quantity).json()...)
		out = append(out, ',')
	}
	return append(append(append(out, `"raw":`...), Text(a.Raw).json()...), '}')
}

// maxDigits bounds a quantity: an exponent must not blow a number up.
const maxDigits = 1000

// ParseAmount reads "0.5 BTC", "0.5BTC", "BTC 0.5", "-5.5E-7 BTC", "1,000 JPY"
// or "¥1,000", also in full-width
// characters. Quantity keeps every digit that came in: only thousands commas
// and an exponent are resolved. If it reports false, only Raw is set.
func ParseAmount(s string) (Amount, bool) {
	raw := Amount{Raw: s}
	if !utf8.ValidString(s) || len(s) > 4*maxDigits {
		return raw, false
	}
	t := strings.TrimSpace(width.Fold.String(s)) // full-width digits and letters
	isNum := func(r rune) bool { return r >= '0' && r <= '9' || strings.ContainsRune("+-.,", r) }
	// The number is the longest run that starts with a digit or sign; what is
	// left on one side of it is the asset.
	start := strings.IndexFunc(t, isNum)
	if start < 0 {
		return raw, false
	}
	end := start
	for end < len(t) && isNum(rune(t[end])) {
		end++
	}
	// An exponent: E, a sign if any, digits, and not the start of a name (5EUR).
	if end < len(t) && (t[end] == 'e' || t[end] == 'E') {
		e := end + 1
		if e < len(t) && (t[e] == '+' || t[e] == '-') {
			e++
		}
		d := e
		for d < len(t) && t[d] >= '0' && t[d] <= '9' {
			d++
		}
		if d > e {
			end = d
		}
	}
	before, after := t[:start], t[end:]
	asset := strings.TrimSpace(before + after)
	glued := !strings.HasSuffix(before, " ") && !strings.HasPrefix(after, " ")
	if before != "" && after != "" || !isAsset(asset, glued) {
		return raw, false
	}
	number, ok := stripCommas(t[start:end])
	if !ok {
		return raw, false
	}
	d, err := decimal.NewFromString(number)
	if err != nil || d.NumDigits()+int(max(0, d.Exponent())) > maxDigits || d.Exponent() < -maxDigits {
		return raw, false
	}
	return Amount{Raw: s, Quantity: d.StringFixed(max(0, -d.Exponent())), Asset: asset}, true
}

// stripCommas removes thousands commas and refuses any other comma.
func stripCommas(s string) (string, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if strings.Contains(frac, ",") {
		return "", false
	}
	groups := strings.Split(whole, ",")
	for i, g := range groups[1:] {
		first := strings.TrimLeft(groups[0], "+-")
		if len(g) != 3 || i == 0 && (first == "" || len(first) > 3) {
			return "", false
		}
	}
	return strings.ReplaceAll(s, ",", ""), true
}

// isAsset reports whether s, which may be empty, can be a ticker, a currency
// sign or a short name. Glued to the number it holds no digit: 0x10 and 1_000
// are no amounts.
func isAsset(s string, glued bool) bool {
	for i, r := range s {
		switch {
		case unicode.IsLetter(r), unicode.Is(unicode.Sc, r):
		case unicode.IsDigit(r) && !glued:
		case strings.ContainsRune(".-_", r) && i > 0:
		default:
			return false
		}
	}
	return len(s) <= 40
}

// Int is a whole number below 2^53.
type Int int64

func (i Int) String() string { return fmt.Sprint(int64(i)) }
func (i Int) json() []byte   { return fmt.Append(nil, int64(i)) }

// FileName is a file's name exactly as its system gave it. In JSON
// {"name":Text,"os":...}.
type FileName struct {
	OS   string
	Name Text
}

func (f FileName) String() string { return string(f.Name) }

func (f FileName) json() []byte {
	return append(append(append([]byte(`{"name":`), f.Name.json()...), `,"os":`...), append(Text(f.OS).json(), '}')...)
}

// Other is a value in a form that this program does not know, as JSON.
type Other string

func (o Other) String() string { return string(o) }
func (o Other) json() []byte   { return []byte(o) }

// parseValue reads a value from canonical JSON. What has no known form comes
// back as Other: a newer program wrote it.
func parseValue(b []byte) Value {
	if v := knownValue(b); v != nil && bytes.Equal(v.json(), b) {
		return v
	}
	return Other(b)
}

func knownValue(b []byte) Value {
	switch {
	case len(b) == 0:
		return nil
	case b[0] == '"' || bytes.HasPrefix(b, []byte(`{"b64":`)):
		t, _ := parseText(b)
		return t
	case b[0] == '[':
		var raw []json.RawMessage
		if json.Unmarshal(b, &raw) != nil {
			return nil
		}
		l := make(List, 0, len(raw))
		for _, r := range raw {
			t, ok := parseText(r)
			if !ok {
				return nil
			}
			l = append(l, t)
		}
		return l
	case b[0] == '{':
		return parseObject(b)
	}
	var n int64
	if json.Unmarshal(b, &n) != nil {
		return nil
	}
	return Int(n)
}

func parseText(b []byte) (Text, bool) {
	if len(b) > 0 && b[0] == '"' {
		var s string
		err := json.Unmarshal(b, &s)
		return Text(s), err == nil
	}
	var w struct {
		B64 []byte `json:"b64"`
	}
	if json.Unmarshal(b, &w) != nil || utf8.Valid(w.B64) {
		return "", false
	}
	return Text(w.B64), true
}

func parseObject(b []byte) Value {
	var m map[string]json.RawMessage
	if json.Unmarshal(b, &m) != nil {
		return nil
	}
	text := map[string]string{}
	for key, raw := range m {
		t, ok := parseText(raw)
		if !ok {
			return nil
		}
		text[key] = string(t)
	}
	switch {
	case m["at"] != nil:
		at, err := ParseTime(text["at"])
		if err != nil {
			return nil
		}
		return Time{At: at, Raw: text["raw"]}
	case m["os"] != nil:
		return FileName{OS: text["os"], Name: Text(text["name"])}
	}
	return Amount{Raw: text["raw"], Quantity: text["quantity"], Asset: text["asset"]}
}

// json returns the fields as an object; Canonical sorts it.
func (f Fields) json() []byte {
	out := []byte{'{'}
	for name, v := range f {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(appendString(out, []byte(name)), ':'), v.json()...)
	}
	return append(out, '}')
}

func parseFields(b []byte) (Fields, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil || m == nil {
		return nil, fmt.Errorf("%w: body is no object", ErrMalformed)
	}
	f := make(Fields, len(m))
	for name, raw := range m {
		f[name] = parseValue(raw)
	}
	return f, nil
}
