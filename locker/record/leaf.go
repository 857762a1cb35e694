package record

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	genesisLine = "evidence-locker/genesis/v1"
	recordLine  = "evidence-locker/record/v1"
	// MaxLeaf bounds a leaf in bytes; a record with a thousand files stays far
	// below it.
	MaxLeaf = 1 << 20
)

// A Leaf is the text that the tree commits to. Leaf 0 is the genesis and has
// Vault, Created, Key, Owner and Device; the others have Incident, Sealed,
// Opened and Objects, Key if they replace the sealed identity, and Device if they
// enrol a device key.
type Leaf struct {
	Seq int64

	Vault   string
	Created time.Time
	Owner   string // verifier key (C2SP signed-note) of the owner key

	Incident int
	Sealed   [32]byte // SHA-256 of the sealed record
	Opened   [32]byte // SHA-256 of the record's JSON with its padding
	Objects  []LeafObject

	Key    *LeafKey
	Device string // verifier key of the device that made the vault, or is enrolled with this record

	// Unknown holds further lines; a newer program wrote them.
	Unknown []string
}

// LeafObject commits to an object: size in bytes and SHA-256 of its age file.
type LeafObject struct {
	ID     string
	Size   int64
	SHA256 [32]byte
}

// LeafKey commits to a row of the key table: SHA-256 of the recipient's text
// and of the sealed identity.
type LeafKey struct {
	N         int
	Recipient [32]byte
	Sealed    [32]byte
}

func sha(sum [32]byte) string { return "sha256:" + hex.EncodeToString(sum[:]) }

// Marshal returns the leaf's one form. Every line ends with a newline.
func (l *Leaf) Marshal() string {
	var b strings.Builder
	key := func() {
		if l.Key != nil {
			fmt.Fprintf(&b, "key %d %s %s\n", l.Key.N, sha(l.Key.Recipient), sha(l.Key.Sealed))
		}
	}
	if l.Seq == 0 {
		fmt.Fprintf(&b, "%s\nseq 0\nvault %s\ncreated %s\n", genesisLine, l.Vault, l.Created.Format(recordTime))
		key()
		fmt.Fprintf(&b, "owner %s\ndevice %s\n", l.Owner, l.Device)
	} else {
		fmt.Fprintf(&b, "%s\nseq %d\nincident %d\nsealed %s\nopened %s\n", recordLine, l.Seq, l.Incident, sha(l.Sealed), sha(l.Opened))
		for _, o := range l.Objects {
			fmt.Fprintf(&b, "object %s %d %s\n", o.ID, o.Size, sha(o.SHA256))
		}
		key()
		if l.Device != "" {
			fmt.Fprintf(&b, "device %s\n", l.Device)
		}
	}
	for _, u := range l.Unknown {
		b.WriteString(u + "\n")
	}
	return b.String()
}

// ParseLeaf reads what Marshal writes and no other text. A leaf whose first
// line names a later version is ErrNewer.
func ParseLeaf(s string) (*Leaf, error) {
	if len(s) > MaxLeaf || !strings.HasSuffix(s, "\n") {
		return nil, fmt.Errorf("%w: leaf without an end", ErrMalformed)
	}
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	p := leafParser{lines: lines[1:]}
	l := &Leaf{}
	switch head := lines[0]; {
	case head == genesisLine:
		p.genesis(l)
	case head == recordLine:
		p.record(l)
	case isNewer(head):
		return nil, fmt.Errorf("leaf %.40q: %w", head, ErrNewer)
	default:
		return nil, fmt.Errorf("%w: leaf begins %.40q", ErrMalformed, head)
	}
	for _, line := range p.lines {
		word, _, _ := strings.Cut(line, " ")
		// A word of version 1 in the wrong place or form is damage.
		if !isWord([]byte(word)) || knownWords[word] {
			p.bad = true
		}
		l.Unknown = append(l.Unknown, line)
	}
	if p.bad || l.Marshal() != s {
		return nil, fmt.Errorf("%w: leaf", ErrMalformed)
	}
	return l, nil
}

// isNewer reports whether a leaf's first line names a version after this one.
func isNewer(line string) bool {
	version, ok := strings.CutPrefix(line, "evidence-locker/record/v")
	n, err := strconv.Atoi(version)
	return ok && err == nil && n > 1 && strconv.Itoa(n) == version
}

var knownWords = map[string]bool{
	"seq": true, "vault": true, "created": true, "key": true, "owner": true, "device": true,
	"incident": true, "sealed": true, "opened": true, "object": true,
}

// leafParser takes lines off the front; the exact spelling is checked at the
// end, by comparing with what Marshal makes of the result.
type leafParser struct {
	lines []string
	bad   bool
}

// line returns the words after the given first one, n of them. If the line is
// optional and another one comes, ok is false.
func (p *leafParser) line(word string, n int, optional bool) (words []string, ok bool) {
	if len(p.lines) > 0 {
		if words = strings.Split(p.lines[0], " "); words[0] == word && len(words) == n+1 {
			p.lines = p.lines[1:]
			return words[1:], true
		}
	}
	if !optional {
		p.bad = true
	}
	return make([]string, n), false
}

func (p *leafParser) int(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		p.bad = true
	}
	return n
}

func (p *leafParser) sum(s string) (sum [32]byte) {
	h, ok := strings.CutPrefix(s, "sha256:")
	if !ok || !isHex(h, 32) {
		p.bad = true
		return sum
	}
	hex.Decode(sum[:], []byte(h))
	return sum
}

func (p *leafParser) key(l *Leaf, optional bool) {
	if w, ok := p.line("key", 3, optional); ok {
		l.Key = &LeafKey{N: int(p.int(w[0])), Recipient: p.sum(w[1]), Sealed: p.sum(w[2])}
	}
}

func (p *leafParser) one(word string) string {
	w, _ := p.line(word, 1, false)
	return w[0]
}

func (p *leafParser) genesis(l *Leaf) {
	if p.one("seq") != "0" {
		p.bad = true
	}
	if l.Vault = p.one("vault"); !isHex(l.Vault, 16) {
		p.bad = true
	}
	var err error
	if l.Created, err = time.Parse(recordTime, p.one("created")); err != nil {
		p.bad = true
	}
	p.key(l, false)
	l.Owner = p.one("owner")
	l.Device = p.one("device")
}

func (p *leafParser) record(l *Leaf) {
	if l.Seq = p.int(p.one("seq")); l.Seq == 0 {
		p.bad = true
	}
	l.Incident = int(p.int(p.one("incident")))
	l.Sealed = p.sum(p.one("sealed"))
	l.Opened = p.sum(p.one("opened"))
	for {
		w, ok := p.line("object", 3, true)
		if !ok {
			break
		}
		if !isHex(w[0], 16) {
			p.bad = true
		}
		l.Objects = append(l.Objects, LeafObject{ID: w[0], Size: p.int(w[1]), SHA256: p.sum(w[2])})
	}
	p.key(l, true)
	if w, ok := p.line("device", 1, true); ok {
		l.Device = w[0]
	}
}
