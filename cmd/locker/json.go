package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// The shapes of --json. Keys and values are the same in every language; times
// are RFC 3339, sizes bytes, hashes lower-case hex.

// A jsonText is text from outside: as it is, or as {"b64": ...} if it is no
// UTF-8, so that no byte of it is lost.
type jsonText string

func (t jsonText) MarshalJSON() ([]byte, error) { return json.Marshal(textJSON(record.Text(t))) }

// visibleJSON writes what steers a terminal, or cannot be seen on one, as
// escapes within the strings of data. The value stays the same.
func visibleJSON(data []byte) []byte {
	var b []byte
	for _, r := range string(data) {
		switch {
		case r < 0x7f || !hidden(r):
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, hi, lo)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return b
}

type jsonExhibit struct {
	Name      string `json:"name"`
	RawName   string `json:"raw_name,omitempty"` // base64, where name is not the same bytes
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	MediaType string `json:"media_type"`
	Modified  string `json:"modified,omitempty"`
}

type jsonRecord struct {
	Seq          int64           `json:"seq"`
	Incident     int             `json:"incident"`
	Type         string          `json:"type"`
	ID           string          `json:"id,omitempty"`
	RecordedAt   string          `json:"recorded_at,omitempty"`
	Zone         string          `json:"zone,omitempty"`
	Synchronised *bool           `json:"clock_synchronised,omitempty"`
	Tool         string          `json:"tool,omitempty"`
	Fields       map[string]any  `json:"fields,omitempty"`
	Exhibit      *jsonExhibit    `json:"exhibit,omitempty"`
	RetractedBy  *int64          `json:"retracted_by,omitempty"`
	Why          jsonText        `json:"retracted_why,omitempty"`
	Under        int64           `json:"brought_by,omitempty"` // the record that brought it in from its incident
	Warnings     []string        `json:"warnings,omitempty"`
	Raw          json.RawMessage `json:"raw,omitempty"`
}

type jsonDamage struct {
	Seq   int64  `json:"seq"`
	Error string `json:"error"`
}

type jsonIncident struct {
	Incident int          `json:"incident"`
	Current  bool         `json:"current"`
	Records  []jsonRecord `json:"records"`
	Damaged  []jsonDamage `json:"damaged,omitempty"`
}

func exhibitJSON(x *locker.Exhibit) *jsonExhibit {
	if x == nil {
		return nil
	}
	j := &jsonExhibit{
		Name: x.Name, Size: x.Size, SHA256: hex.EncodeToString(x.SHA256[:]),
		MediaType: x.MediaType, Modified: timeJSON(x.Modified),
	}
	if len(x.RawName) > 0 && string(x.RawName) != x.Name {
		j.RawName = base64.StdEncoding.EncodeToString(x.RawName)
	}
	return j
}

func recordJSON(r *locker.Record) jsonRecord {
	j := jsonRecord{
		Seq: r.Seq, Incident: r.Incident, Type: string(r.Type), ID: r.ID,
		RecordedAt: timeJSON(r.RecordedAt), Zone: r.Clock.Zone, Synchronised: r.Clock.Synchronised, Tool: r.Tool.Name + " " + r.Tool.Version,
		Fields: fieldsJSON(r.Fields), Exhibit: exhibitJSON(r.Exhibit),
	}
	if r.Retracted != nil {
		j.RetractedBy = &r.Retracted.Seq
		why, _ := r.Retracted.Fields["why"].(record.Text)
		j.Why = jsonText(why)
	}
	if r.Under != nil {
		j.Under = r.Under.Seq
	}
	if !r.Known && json.Valid(r.Raw) {
		j.Raw = r.Raw
	}
	return j
}

func fieldsJSON(f record.Fields) map[string]any {
	if len(f) == 0 {
		return nil
	}
	m := make(map[string]any, len(f))
	for name, v := range f {
		m[name] = valueJSON(v)
	}
	return m
}

func valueJSON(v record.Value) any {
	switch v := v.(type) {
	case record.Text:
		return textJSON(v)
	case record.List:
		list := make([]any, len(v))
		for i, t := range v {
			list[i] = textJSON(t)
		}
		return list
	case record.Time:
		m := map[string]string{"at": timeJSON(v.At)}
		if v.Raw != "" {
			m["raw"] = v.Raw
		}
		return m
	case record.Amount:
		m := map[string]string{"raw": v.Raw}
		if v.Quantity != "" {
			m["quantity"], m["asset"] = v.Quantity, v.Asset
		}
		return m
	case record.Int:
		return int64(v)
	case record.FileName:
		return map[string]any{"name": textJSON(v.Name), "os": v.OS}
	case record.Other:
		return json.RawMessage(v)
	}
	return nil
}

// textJSON returns text as it is, or in base64 if it is no UTF-8.
func textJSON(t record.Text) any {
	if utf8.ValidString(string(t)) {
		return string(t)
	}
	return map[string]string{"b64": base64.StdEncoding.EncodeToString([]byte(t))}
}

func timeJSON(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
