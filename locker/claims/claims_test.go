package claims

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"evidence-locker/locker/record"
)

// tag is an entry of an IFD that holds text, or the IFD below it.
type tag struct {
	id    uint16
	text  string
	below []tag
}

// exif is a TIFF file with such entries, as EXIF data are.
func exif(tags []tag) []byte {
	b := []byte("MM\x00\x2a\x00\x00\x00\x08")
	return ifd(b, tags)
}

func ifd(b []byte, tags []tag) []byte {
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, uint16(len(tags)))
	b = append(b, make([]byte, 12*len(tags)+4)...)
	for i, t := range tags {
		e := at + 2 + 12*i
		binary.BigEndian.PutUint16(b[e:], t.id)
		if t.below != nil {
			binary.BigEndian.PutUint16(b[e+2:], 4)
			binary.BigEndian.PutUint32(b[e+4:], 1)
			binary.BigEndian.PutUint32(b[e+8:], uint32(len(b)))
			b = ifd(b, t.below)
			continue
		}
		text := t.text + "\x00"
		binary.BigEndian.PutUint16(b[e+2:], 2)
		binary.BigEndian.PutUint32(b[e+4:], uint32(len(text)))
		if len(text) <= 4 {
			copy(b[e+8:], text)
			continue
		}
		binary.BigEndian.PutUint32(b[e+8:], uint32(len(b)))
		b = append(b, text...)
	}
	return b
}

func photo(t testing.TB, tags []tag) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 40, 30)), nil); err != nil {
		t.Fatal(err)
	}
	data := append([]byte("Exif\x00\x00"), exif(tags)...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(data)+2))
	return slices.Concat(segment, data, b.Bytes()[2:])
}

var phone = []tag{
	{id: 0x10f, text: "Apple"}, {id: 0x110, text: "iPhone 15"}, {id: 0x131, text: "17.1"},
	{id: 0x8769, below: []tag{{id: 0x9003, text: "2026:11:20 23:14:05"}, {id: 0x9011, text: "+09:00"}}},
	{id: 0x8825, below: []tag{{id: 1, text: "N"}, {id: 0x1d, text: "2026:11:20 hidden-place"}}},
}

type chunk struct{ name, data string }

func withChunks(t testing.TB, chunks ...chunk) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 6))); err != nil {
		t.Fatal(err)
	}
	const head = 8 + 25 // signature and IHDR
	out := slices.Clone(b.Bytes()[:head])
	for _, c := range chunks {
		out = binary.BigEndian.AppendUint32(out, uint32(len(c.data)))
		body := c.name + c.data
		out = append(out, body...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE([]byte(body)))
	}
	return append(out, b.Bytes()[head:]...)
}

func packed(s string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

// show writes fields in the order of their names.
func show(f record.Fields) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		v := f[name].String()
		if list, ok := f[name].(record.List); ok {
			var words []string
			for _, w := range list {
				words = append(words, string(w))
			}
			v = strings.Join(words, " | ")
		}
		lines = append(lines, name+"="+v)
	}
	return strings.Join(lines, "\n")
}

func TestPicture(t *testing.T) {
	var animation bytes.Buffer
	if err := gif.Encode(&animation, image.NewGray(image.Rect(0, 0, 5, 4)), nil); err != nil {
		t.Fatal(err)
	}
	bmp := make([]byte, 60)
	copy(bmp, "BM")
	binary.LittleEndian.PutUint32(bmp[14:], 40)
	binary.LittleEndian.PutUint32(bmp[18:], 7)
	binary.LittleEndian.PutUint32(bmp[22:], 0xfffffffd) // -3: from the top
	huge := withChunks(t)
	binary.BigEndian.PutUint32(huge[16:], 0xffffffff)
	for _, c := range []struct {
		name, media string
		head        []byte
		want        string
	}{
		{"a photograph", "image/jpeg", photo(t, phone), "height=30\nmade_with=Apple iPhone 15, 17.1\ntaken=2026:11:20 23:14:05+09:00\nwidth=40"},
		{"one without a zone", "image/jpeg", photo(t, []tag{{id: 0x8769, below: []tag{{id: 0x9004, text: "2020:01:02 03:04:05"}}}}), "height=30\ntaken=2020:01:02 03:04:05\nwidth=40"},
		{"a clock never set", "image/jpeg", photo(t, []tag{{id: 0x8769, below: []tag{{id: 0x9003, text: "0000:00:00 00:00:00"}}}}), "height=30\nwidth=40"},
		{"the maker in the model", "image/jpeg", photo(t, []tag{{id: 0x10f, text: "Canon"}, {id: 0x110, text: "Canon EOS R5"}}), "height=30\nmade_with=Canon EOS R5\nwidth=40"},
		{"no picture", "image/jpeg", []byte("not a picture"), ""},
		{"cut short", "image/jpeg", photo(t, phone)[:120], ""},
		{"plain PNG", "image/png", withChunks(t), "height=6\nwidth=8"},
		{"PNG with texts", "image/png", withChunks(t, chunk{"tEXt", "Software\x00gnome-screenshot"}, chunk{"tEXt", "Creation Time\x002026-11-22T14:03:05+09:00"}, chunk{"tIME", "\x07\xea\x0b\x16\x05\x03\x05"}),
			"height=6\nmade_with=gnome-screenshot\ntaken=2026-11-22T14:03:05+09:00\nwidth=8"},
		{"PNG with tIME only", "image/png", withChunks(t, chunk{"tIME", "\x07\xea\x0b\x16\x05\x03\x05"}), "height=6\ntaken=2026-11-22 05:03:05 UTC\nwidth=8"},
		{"compressed texts", "image/png", withChunks(t, chunk{"zTXt", "Software\x00\x00" + packed("caf\xe9")}, chunk{"iTXt", "Source\x00\x01\x00ja\x00\x00" + packed("スキャナー")}, chunk{"iTXt", "Creation Time\x00\x00\x00\x00\x00昨日"}),
			"height=6\nmade_with=スキャナー, café\ntaken=昨日\nwidth=8"},
		{"a text that unpacks to 100 MB", "image/png", withChunks(t, chunk{"zTXt", "Software\x00\x00" + packed(strings.Repeat("a", 100<<20))}), "height=6\nmade_with=" + strings.Repeat("a", 297) + "…\nwidth=8"},
		{"a chunk longer than the file", "image/png", withChunks(t, chunk{"tEXt", "Software\x00x"})[:45], "height=6\nwidth=8"},
		{"a size that cannot be", "image/png", huge, ""},
		{"EXIF in a PNG", "image/png", withChunks(t, chunk{"eXIf", string(exif(phone))}), "height=6\nmade_with=Apple iPhone 15, 17.1\ntaken=2026:11:20 23:14:05+09:00\nwidth=8"},
		{"GIF", "image/gif", animation.Bytes(), "height=4\nwidth=5"},
		{"BMP", "image/bmp", bmp, "height=3\nwidth=7"},
		{"a format that is not read", "image/x-icon", bmp, ""},
		{"controls and blanks", "image/png", withChunks(t, chunk{"tEXt", "Software\x00 a\n\n\x00b\t "}), "height=6\nmade_with=a b\nwidth=8"},
	} {
		f := Of(c.media, "x", c.head, true)
		if got := show(f); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
	// The place is in the file, and not in what is read of it.
	if !bytes.Contains(photo(t, phone), []byte("hidden-place")) || strings.Contains(show(Of("image/jpeg", "x", photo(t, phone), true)), "hidden") {
		t.Error("the place")
	}
}

func TestTakenTime(t *testing.T) {
	tokyo := time.FixedZone("", 9*3600)
	want := time.Date(2026, 11, 20, 23, 14, 5, 0, tokyo)
	for _, s := range []string{"2026:11:20 23:14:05+09:00", "2026:11:20 23:14:05", "2026-11-20T23:14:05+09:00", "2026-11-20 14:14:05 UTC", "Fri, 20 Nov 2026 23:14:05 +0900", "2026:11:20 14:14:05Z"} {
		if got, ok := TakenTime(s, tokyo); !ok || !got.Equal(want) {
			t.Errorf("%q: %v, %v", s, got, ok)
		}
	}
	if _, ok := TakenTime("yesterday", tokyo); ok {
		t.Error("a time out of nothing")
	}
}

const mailText = "Return-Path: <bounce@example.net>\r\n" +
	"Received: from mx.example.com (192.0.2.1)\r\n by in.example.jp; Sun, 22 Nov 2026 05:00:01 +0000\r\n" +
	"Received: from pc (198.51.100.7) by mx.example.com; Sun, 22 Nov 2026 05:00:00 +0000\r\n" +
	"From: =?iso-2022-jp?B?GyRCJVMlQyVIJVAlcyUvGyhC?= <info@bitbank-support.example>\r\n" +
	"To: victim@example.jp, \"Other, Person\" <o@example.jp>\r\n" +
	"Cc: =?utf-8?Q?=E5=B1=B1=E7=94=B0?= <y@example.jp>\r\n" +
	"Subject: =?UTF-8?B?44CQ6YeN6KaB44CR?=\r\n =?UTF-8?B?5Ye66YeR?=\r\n" +
	"Date: Sun, 22 Nov 2026 14:00:00 +0900\r\nMessage-ID: <1@bitbank-support.example>\r\n" +
	"Content-Type: multipart/mixed; boundary=\"b1\"\r\n\r\npreamble\r\n" +
	"--b1\r\nContent-Type: multipart/alternative; boundary=b2\r\n\r\n--b2\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b2--\r\n" +
	"--b1\r\nContent-Type: application/pdf; name=\"=?UTF-8?B?6KuL5rGC5pu4LnBkZg==?=\"\r\nContent-Disposition: attachment\r\n\r\nx\r\n" +
	"--b1\r\nContent-Disposition: attachment; filename*=utf-8''%E6%98%8E%E7%B4%B0.zip\r\n\r\nx\r\n" +
	"--b1\r\nContent-Disposition: attachment; filename=生.exe\r\n\r\nx\r\n" +
	"--b1\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx\r\n--b1--\r\n"

const mailShown = `mail_date=Sun, 22 Nov 2026 14:00:00 +0900
mail_files=請求書.pdf | 明細.zip | attachment; filename=生.exe | message/rfc822
mail_from=ビットバンク <info@bitbank-support.example>
mail_hops=from mx.example.com (192.0.2.1) by in.example.jp; Sun, 22 Nov 2026 05:00:01 +0000 | from pc (198.51.100.7) by mx.example.com; Sun, 22 Nov 2026 05:00:00 +0000
mail_id=<1@bitbank-support.example>
mail_subject=【重要】出金
mail_to=victim@example.jp | Other, Person <o@example.jp> | 山田 <y@example.jp>`

func TestMail(t *testing.T) {
	for _, c := range []struct {
		name, head, want string
		whole            bool
	}{
		{"a mail", mailText, mailShown, true},
		{"with bare line ends", strings.ReplaceAll(mailText, "\r\n", "\n"), mailShown, true},
		{"behind a byte order mark", "\ufeff" + mailText, mailShown, true},
		{"no mail", "just text, nothing else", "", true},
		{"nothing", "", "", true},
		{"two senders, two subjects", "From: Bank <a@bank.example>\nFrom: thief@example.net\nSubject: one\nSubject: two\n\nx", "mail_from=Bank <a@bank.example>, thief@example.net\nmail_subject=one / two", true},
		{"no address", "From: <<<>>> nobody\n\nx", "mail_from=<<<>>> nobody", true},
		{"an unknown character set", "Subject: =?x-none?B?AAAA?=\n\nx", "mail_subject==?x-none?B?AAAA?=", true},
		{"Shift_JIS", "Subject: =?cp932?B?j2+L4A==?=\n\nx", "mail_subject=出金", true},
		{"a header that ends in the middle", "Subject: one\nDate: to", "mail_date=to\nmail_subject=one", true},
		{"the rest is not read", "Subject: one\nDate: to", "mail_date=to\nmail_files=…\nmail_subject=one", false},
		{"a part is not read", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; filename=a.zip\n\nPK", "mail_files=a.zip | …", false},
		{"a mail that just stops", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; filename=a.zip\n\nPK", "mail_files=a.zip", true},
		{"lines that are no header", "hello there: x\nSubject: s\n: y\nno colon\n\nx", "mail_subject=s", true},
	} {
		if got := show(Of("message/rfc822", "x", []byte(c.head), c.whole)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
	if got := Of("text/plain; charset=utf-8", "Mail.EML", []byte("Subject: x\n\n"), true); len(got) != 1 {
		t.Errorf("by its name: %v", got)
	}
	if got := Of("text/plain", "mail.txt", []byte(mailText), true); len(got) != 0 {
		t.Errorf("a text: %v", got)
	}
}

// A hostile mail costs little and gives little.
func TestHostileMail(t *testing.T) {
	nested := "Subject: deep\n"
	for i := range 1000 {
		nested += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	many := "Subject: many\nContent-Type: multipart/mixed; boundary=b\n\n"
	for i := range 10_000 {
		many += fmt.Sprintf("--b\nContent-Disposition: attachment; filename=%d.exe\n\nx\n", i)
	}
	for name, head := range map[string]string{
		"10,000 headers":     "Subject: s\n" + strings.Repeat("Received: from a by b\n", 10_000) + "\nx",
		"one long header":    "Subject: " + strings.Repeat("=?UTF-8?B?44CQ6YeN6KaB44CR?= ", 30_000),
		"a header of blanks": "Subject: s\n" + strings.Repeat(" \n", 400_000),
		"100,000 recipients": "To: " + strings.Repeat("a@example.jp,", 70_000) + "b@example.jp\n\n",
		"nested parts":       nested,
		"many parts":         many,
		"long boundary":      "Content-Type: multipart/mixed; boundary=" + strings.Repeat("-", 500_000) + "\n\n" + strings.Repeat("-", 500_000),
	} {
		if len(head) > 1<<20 {
			head = head[:1<<20]
		}
		start := time.Now()
		f := Of("message/rfc822", "x", []byte(head), false)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: %v", name, took)
		}
		checkBounds(t, f)
		if name == "10,000 headers" {
			if hops, _ := f["mail_hops"].(record.List); len(hops) != listLimit+1 || hops[listLimit] != "… (+9980)" {
				t.Errorf("%s: %d hops, the last %q", name, len(hops), hops[len(hops)-1])
			}
		}
		if files, _ := f["mail_files"].(record.List); strings.HasSuffix(name, "parts") && (len(files) == 0 || !strings.HasPrefix(string(files[len(files)-1]), "…")) {
			t.Errorf("%s: files %v", name, files)
		}
	}
}

// checkBounds checks that fields are known, and no larger than they may be.
func checkBounds(t *testing.T, f record.Fields) {
	t.Helper()
	for name, v := range f {
		if _, _, ok := record.LookupField("evidence." + name); !ok {
			t.Errorf("unknown field %s", name)
		}
		switch v := v.(type) {
		case record.Text:
			if len(v) == 0 || len(v) > valueLimit {
				t.Errorf("%s: %d bytes", name, len(v))
			}
		case record.List:
			if len(v) == 0 || len(v) > listLimit+1 {
				t.Errorf("%s: %d values", name, len(v))
			}
			for _, s := range v {
				if len(s) == 0 || len(s) > valueLimit {
					t.Errorf("%s: %d bytes", name, len(s))
				}
			}
		case record.Int:
			if v <= 0 {
				t.Errorf("%s: %d", name, v)
			}
		default:
			t.Errorf("%s: %T", name, v)
		}
	}
}

func FuzzPicture(f *testing.F) {
	f.Add(uint8(0), photo(f, phone))
	f.Add(uint8(1), withChunks(f, chunk{"tEXt", "Software\x00x"}, chunk{"zTXt", "Source\x00\x00" + packed("y")}, chunk{"iTXt", "Creation Time\x00\x01\x00\x00\x00" + packed("z")}, chunk{"tIME", "1234567"}, chunk{"eXIf", string(exif(phone))}))
	f.Add(uint8(3), exif(phone))
	media := append(slices.Sorted(maps.Keys(formats)), "image/gif", "image/bmp")
	f.Fuzz(func(t *testing.T, kind uint8, head []byte) {
		checkBounds(t, Of(media[int(kind)%len(media)], "x", head, true))
	})
}

func FuzzMail(f *testing.F) {
	f.Add([]byte(mailText), true)
	f.Fuzz(func(t *testing.T, head []byte, whole bool) {
		checkBounds(t, Of("message/rfc822", "x", head, whole))
	})
}
