package record

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

const (
	// Block is the size in bytes to whose multiple a record is padded with
	// spaces, so that its sealed size says little about what it holds.
	Block = 512
	// MaxSize bounds a record in bytes, padding included.
	MaxSize = 16 << 20
)

// A Record is one entry of a vault, as it is sealed.
type Record struct {
	Vault      string // 32 hex digits
	ID         string // 32 hex digits, random; what other records refer to
	Seq        int64
	Salt       string // 64 hex digits, random, so that the digest in the leaf tells nothing
	Type       Type
	Incident   int    // 0: about the vault or the person, no incident
	IncidentID string // 32 hex digits, "" with incident 0
	RecordedAt time.Time
	Clock      Clock
	Device     Device
	Tool       Tool
	Objects    []Object
	Fields     Fields
}

// Clock is what the system said of the clock that RecordedAt was read from.
type Clock struct {
	Zone         string // IANA name, "" if none is known
	Synchronised *bool  // nil: the system does not say
}

// Device is the machine that recorded.
type Device struct{ Arch, Host, OS string }

// Tool is the program that recorded.
type Tool struct{ Name, Version string }

// Object is a file that the record holds: digest and size in bytes of its
// plaintext, under the id by which the vault keeps the age file.
type Object struct {
	ID     string
	SHA256 [32]byte
	Size   int64
}

// recordTime is the spelling of RecordedAt: always milliseconds.
const recordTime = "2006-01-02T15:04:05.000-07:00"

// The wire types spell out every member; order does not matter, Canonical
// sorts.
type wireRecord struct {
	V          int             `json:"v"`
	Vault      string          `json:"vault"`
	ID         string          `json:"id"`
	Seq        int64           `json:"seq"`
	Salt       string          `json:"salt"`
	Type       Type            `json:"type"`
	Incident   int             `json:"incident"`
	IncidentID string          `json:"incident_id,omitempty"`
	RecordedAt string          `json:"recorded_at"`
	Clock      wireClock       `json:"clock"`
	Device     wireDevice      `json:"device"`
	Tool       wireTool        `json:"tool"`
	Objects    []wireObject    `json:"objects,omitempty"`
	Body       json.RawMessage `json:"body"`
}

type wireClock struct {
	Zone         string `json:"zone,omitempty"`
	Synchronised *bool  `json:"synchronised,omitempty"`
}

type wireDevice struct {
	Arch string          `json:"arch"`
	Host json.RawMessage `json:"host"`
	OS   string          `json:"os"`
}

type wireTool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type wireObject struct {
	ID     string `json:"id"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Marshal returns the record's one form: canonical JSON, padded with spaces to
// a multiple of Block. It fails on a record that Parse would not take.
func (r *Record) Marshal() ([]byte, error) {
	w := wireRecord{
		V: 1, Vault: r.Vault, ID: r.ID, Seq: r.Seq, Salt: r.Salt, Type: r.Type,
		Incident: r.Incident, IncidentID: r.IncidentID,
		RecordedAt: r.RecordedAt.Format(recordTime),
		Clock:      wireClock(r.Clock),
		Device:     wireDevice{Arch: r.Device.Arch, Host: Text(r.Device.Host).json(), OS: r.Device.OS},
		Tool:       wireTool(r.Tool),
		Body:       r.Fields.json(),
	}
	for _, o := range r.Objects {
		w.Objects = append(w.Objects, wireObject{o.ID, hex.EncodeToString(o.SHA256[:]), o.Size})
	}
	if !utf8.ValidString(w.Clock.Zone) {
		w.Clock.Zone = "" // no zone has such a name
	}
	if err := w.check(); err != nil {
		return nil, err
	}
	b, err := w.canonical()
	if err != nil {
		return nil, err
	}
	b = append(b, bytes.Repeat([]byte{' '}, (Block-len(b)%Block)%Block)...)
	if len(b) > MaxSize {
		return nil, fmt.Errorf("record of %d bytes is over the limit of %d", len(b), MaxSize)
	}
	return b, nil
}

func (w *wireRecord) canonical() ([]byte, error) {
	b, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	return Canonical(b)
}

// Parse reads what Marshal writes and no other bytes. It returns ErrNewer for
// a record of a later version and ErrMalformed for anything else. A type or
// field that is not known is no error.
func Parse(b []byte) (*Record, error) {
	if len(b) == 0 || len(b)%Block != 0 || len(b) > MaxSize {
		return nil, fmt.Errorf("%w: record of %d bytes", ErrMalformed, len(b))
	}
	text := bytes.TrimRight(b, " ")
	if len(b)-len(text) >= Block {
		return nil, fmt.Errorf("%w: too much padding", ErrMalformed)
	}
	var v struct{ V int }
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("%w: record is no object", ErrMalformed)
	}
	if v.V > 1 {
		return nil, fmt.Errorf("record of version %d: %w", v.V, ErrNewer)
	}
	if c, err := Canonical(text); err != nil {
		return nil, err
	} else if !bytes.Equal(c, text) {
		return nil, fmt.Errorf("%w: record is not canonical", ErrMalformed)
	}
	var w wireRecord
	if err := json.Unmarshal(text, &w); err != nil {
		return nil, fmt.Errorf("%w: record: %v", ErrMalformed, err)
	}
	// What does not come out again was a member that is not known or wrongly
	// cased, or a value of another spelling.
	if c, err := w.canonical(); err != nil || !bytes.Equal(c, text) {
		return nil, fmt.Errorf("%w: record has other members than version 1", ErrMalformed)
	}
	if err := w.check(); err != nil {
		return nil, err
	}
	return w.record()
}

// check holds the rules that JSON cannot.
func (w *wireRecord) check() error {
	bad := func(what string) error { return fmt.Errorf("%w: record: %s", ErrMalformed, what) }
	switch {
	case w.V != 1:
		return bad("version")
	case !isHex(w.Vault, 16), !isHex(w.ID, 16), !isHex(w.Salt, 32):
		return bad("id or salt")
	case w.Seq < 1 || w.Incident < 0:
		return bad("negative number")
	case (w.Incident == 0) != (w.IncidentID == ""), w.IncidentID != "" && !isHex(w.IncidentID, 16):
		return bad("incident id")
	case !isWord([]byte(w.Type)):
		return bad("type")
	}
	if t, err := time.Parse(recordTime, w.RecordedAt); err != nil || t.Format(recordTime) != w.RecordedAt {
		return bad("recorded_at")
	}
	if host, ok := parseText(w.Device.Host); !ok || !bytes.Equal(host.json(), w.Device.Host) {
		return bad("host")
	}
	for _, o := range w.Objects {
		if !isHex(o.ID, 16) || !isHex(o.SHA256, 32) || o.Size < 0 {
			return bad("object")
		}
	}
	return nil
}

func (w *wireRecord) record() (*Record, error) {
	body, err := parseFields(w.Body)
	if err != nil {
		return nil, err
	}
	host, _ := parseText(w.Device.Host)
	at, _ := time.Parse(recordTime, w.RecordedAt)
	r := &Record{
		Vault: w.Vault, ID: w.ID, Seq: w.Seq, Salt: w.Salt, Type: w.Type,
		Incident: w.Incident, IncidentID: w.IncidentID, RecordedAt: at,
		Clock:  Clock(w.Clock),
		Device: Device{Arch: w.Device.Arch, Host: string(host), OS: w.Device.OS},
		Tool:   Tool(w.Tool), Fields: body,
	}
	for _, o := range w.Objects {
		sum, _ := hex.DecodeString(o.SHA256)
		r.Objects = append(r.Objects, Object{ID: o.ID, SHA256: [32]byte(sum), Size: o.Size})
	}
	return r, nil
}

// isHex reports whether s is n bytes in lower-case hex.
func isHex(s string, n int) bool {
	if len(s) != 2*n {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
	}
	return true
}
