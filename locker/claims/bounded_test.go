package claims

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/bep/imagemeta"
)

// tangled is a photo whose many tags point all over it, so that reading them
// jumps far with each.
func tangled(t testing.TB, tags int) []byte {
	var many []tag
	for range tags {
		many = append(many, tag{id: 0x131, text: strings.Repeat("x", 40)})
	}
	return photo(t, many)
}

// A picture is read within a number of reads, far above what honest pictures
// take.
func TestReadsBounded(t *testing.T) {
	reads := func(head []byte) int {
		b := &bounded{r: bytes.NewReader(head), left: metaReads}
		_, _ = imagemeta.Decode(imagemeta.Options{R: b, ImageFormat: imagemeta.JPEG, Sources: imagemeta.EXIF | imagemeta.CONFIG, LimitNumTags: 1000, LimitTagSize: 2000})
		return metaReads - b.left
	}
	if n := reads(photo(t, phone)); n > metaReads/100 {
		t.Errorf("an honest photo takes %d reads", n)
	}
	if n := reads(tangled(t, 900)); n > metaReads/2 {
		t.Errorf("900 tags take %d reads", n)
	}
	b := &bounded{r: bytes.NewReader(make([]byte, 10)), left: 3}
	one := make([]byte, 1)
	for i := range 3 {
		if _, err := b.Read(one); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err := b.Read(one); err != errReads {
		t.Error("read 4:", err)
	}
	if _, err := b.Seek(0, 0); err != errReads {
		t.Error("jump after the last read:", err)
	}
}

// Whatever stands in a picture or a mail, reading it does not hold up the
// record.
func TestHostileIsQuick(t *testing.T) {
	const size = 1 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	random := make([]byte, size)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(random)
	box := func(brand, s string) []byte {
		return []byte("\x00\x00\x00\x18ftyp" + brand + "\x00\x00\x00\x00" + brand + brand + fill(s))
	}
	cases := map[string]struct {
		media string
		head  []byte
	}{
		"jpeg, segments": {"image/jpeg", []byte("\xff\xd8" + fill("\xff\xe1\x00\x02"))},
		"jpeg, noise":    {"image/jpeg", append([]byte("\xff\xd8\xff\xe1\xff\xffExif\x00\x00MM\x00\x2a\x00\x00\x00\x08\xff\xff"), random...)},
		"tiff, noise":    {"image/tiff", append([]byte("MM\x00\x2a\x00\x00\x00\x08\xff\xff"), random...)},
		"tiff, one IFD":  {"image/tiff", []byte("MM\x00\x2a\x00\x00\x00\x08" + fill("\x87\x69\x00\x04\x00\x00\x00\x01\x00\x00\x00\x08"))},
		"tiff, far IFDs": {"image/tiff", []byte("MM\x00\x2a\x00\x00\x00\x08\xff\xff" + fill("\x87\x69\x00\x04\x00\x00\x00\x01\x00\x08\x00\x0a"))},
		"webp, chunks":   {"image/webp", []byte("RIFF\xff\xff\xff\x00WEBPVP8X" + fill("\x00\x00\x00\x00"))},
		"heic, boxes":    {"image/heic", box("heic", "\x00\x00\x00\x08free")},
		"heic, meta":     {"image/heic", box("heic", "\x00\x00\xff\xffmeta")},
		"png, chunks":    {"image/png", []byte("\x89PNG\r\n\x1a\n" + fill("\x00\x00\x00\x00tEXt\x00\x00\x00\x00"))},
		"to, comments":   {"message/rfc822", []byte("To: " + fill("(") + "\n\n")},
		"to, quotes":     {"message/rfc822", []byte("To: " + fill(`"\"`) + "\n\n")},
		"to, literals":   {"message/rfc822", []byte("To: " + fill("a@[") + "\n\n")},
		"to, literal":    {"message/rfc822", []byte("To: a@[" + fill("1") + "]\n\n")},
		"to, dots":       {"message/rfc822", []byte("To: " + fill("a.") + "\n\n")},
		"to, words":      {"message/rfc822", []byte("To: " + fill("=?utf-8?q?a?= ") + "\n\n")},
		"to, names":      {"message/rfc822", []byte("To: " + fill("a ") + "<a@b>\n\n")},
		"to, groups":     {"message/rfc822", []byte("To: " + fill("a:;,") + "\n\n")},
		"to, many":       {"message/rfc822", []byte("To: " + fill("a@b,") + "a@b\n\n")},
		"to, often":      {"message/rfc822", []byte(fill("To: (\n") + "\n")},
		"folded":         {"message/rfc822", []byte("To: a" + fill("\n a") + "\n\n")},
		"type, params":   {"message/rfc822", []byte("To: a\nContent-Type: a/b" + fill("; a*0*=b") + "\n\n")},
		"parts":          {"message/rfc822", []byte("To: a\nContent-Type: multipart/mixed; boundary=b\n\n" + fill("--b\n\n"))},
		"parts, headers": {"message/rfc822", []byte("To: a\nContent-Type: multipart/mixed; boundary=b\n\n" + fill("--b\nContent-Type: multipart/mixed; boundary=b\n\n"))},
		"near-parts":     {"message/rfc822", []byte("To: a\nContent-Type: multipart/mixed; boundary=b\n\n" + fill("--"))},
	}
	for name, c := range cases {
		start := time.Now()
		Of(c.media, "x", c.head[:min(len(c.head), size)], false)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %v", name, took)
		} else if took > 100*time.Millisecond {
			t.Logf("%s: took %v", name, took)
		}
	}
}
