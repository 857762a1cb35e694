package claims

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"image/gif"
	"io"
	"slices"
	"strings"

	"evidence-locker/locker/record"

	"github.com/bep/imagemeta"
	"golang.org/x/text/encoding/charmap"
)

// formats are the pictures whose EXIF data is read.
var formats = map[string]imagemeta.ImageFormat{
	"image/jpeg": imagemeta.JPEG, "image/png": imagemeta.PNG, "image/webp": imagemeta.WebP, "image/tiff": imagemeta.TIFF,
	"image/heic": imagemeta.HEIF, "image/heif": imagemeta.HEIF, "image/avif": imagemeta.AVIF,
}

// wanted are the tags that are read. Those of the place are not among them.
var wanted = []string{"DateTimeOriginal", "CreateDate", "OffsetTimeOriginal", "OffsetTimeDigitized", "OffsetTime", "Make", "Model", "Software"}

const (
	metaReads  = 20_000   // reads and jumps of whoever reads EXIF data; honest pictures take far fewer than 2,000
	chunkLimit = 200      // chunks of a PNG that are looked at
	textLimit  = 16 << 10 // bytes of a compressed text, unpacked
	sizeLimit  = 1 << 30  // pixels of a side
)

// picture reads width, height, taken and made_with.
func picture(f record.Fields, mediaType string, head []byte) {
	tags, width, height := map[string]string{}, 0, 0
	if format, ok := formats[mediaType]; ok {
		// What was read before an error counts.
		result, _ := imagemeta.Decode(imagemeta.Options{
			R: &bounded{r: bytes.NewReader(head), left: metaReads}, ImageFormat: format, Sources: imagemeta.EXIF | imagemeta.CONFIG,
			LimitNumTags: 1000, LimitTagSize: 2000,
			ShouldHandleTag: func(t imagemeta.TagInfo) bool {
				return strings.HasPrefix(t.Namespace, "IFD0") && slices.Contains(wanted, t.Tag)
			},
			HandleTag: func(t imagemeta.TagInfo) error {
				if s, ok := t.Value.(string); ok && tags[t.Tag] == "" {
					tags[t.Tag] = short(s)
				}
				return nil
			},
		})
		width, height = result.ImageConfig.Width, result.ImageConfig.Height
	}
	texts := map[string]string{}
	switch mediaType {
	case "image/png":
		texts = pngTexts(head)
	case "image/gif":
		if c, err := gif.DecodeConfig(bytes.NewReader(head)); err == nil {
			width, height = c.Width, c.Height
		}
	case "image/bmp":
		if len(head) >= 26 && binary.LittleEndian.Uint32(head[14:]) >= 40 {
			width, height = int(int32(binary.LittleEndian.Uint32(head[18:]))), int(int32(binary.LittleEndian.Uint32(head[22:])))
			height = max(height, -height) // negative: from the top
		}
	}
	if width > 0 && height > 0 && width <= sizeLimit && height <= sizeLimit {
		f["width"], f["height"] = record.Int(width), record.Int(height)
	}
	set(f, "taken", first(taken(tags), texts["creation time"], texts["tIME"]))
	set(f, "made_with", madeWith(tags, texts))
}

// A bounded reader fails after so many reads and jumps. imagemeta's own limit is
// one of time, at which it leaves a goroutine behind that goes on to hand in
// tags; and what a picture says must not depend on how busy the machine is.
type bounded struct {
	r    io.ReadSeeker
	left int
}

var errReads = errors.New("too many reads")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left--; b.left < 0 {
		return 0, errReads
	}
	return b.r.Read(p)
}

func (b *bounded) Seek(offset int64, whence int) (int64, error) {
	if b.left--; b.left < 0 {
		return 0, errReads
	}
	return b.r.Seek(offset, whence)
}

func first(values ...string) string {
	for _, v := range values {
		if strings.TrimSpace(v) != "" {
			return v
		}
	}
	return ""
}

// taken is the time with its offset, as the file has them.
func taken(tags map[string]string) string {
	for _, t := range [][2]string{{"DateTimeOriginal", "OffsetTimeOriginal"}, {"CreateDate", "OffsetTimeDigitized"}} {
		// A camera whose clock was never set writes blanks or zeros.
		if at := tags[t[0]]; strings.Trim(at, " :0") != "" {
			return at + first(tags[t[1]], tags["OffsetTime"])
		}
	}
	return ""
}

// madeWith joins the device and the program that a picture names.
func madeWith(tags, texts map[string]string) string {
	device := tags["Model"]
	if maker := tags["Make"]; maker != "" && !strings.HasPrefix(strings.ToLower(device), strings.ToLower(maker)) {
		device = strings.TrimSpace(maker + " " + device)
	}
	var parts []string
	for _, s := range []string{device, texts["source"], tags["Software"], texts["software"]} {
		if s = short(s); s != "" && !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

// pngTexts reads the texts of a PNG by their key words in small letters, and the
// chunk tIME.
func pngTexts(head []byte) map[string]string {
	texts := map[string]string{}
	rest := head[min(len(head), 8):]
	for range chunkLimit {
		if len(rest) < 12 {
			break
		}
		size := binary.BigEndian.Uint32(rest)
		if uint64(size) > uint64(len(rest)-12) {
			break
		}
		name, data := string(rest[4:8]), rest[8:8+size]
		rest = rest[12+size:]
		if name == "IEND" {
			break
		}
		if name == "tIME" && len(data) == 7 {
			texts["tIME"] = fmt.Sprintf("%04d-%02d-%02d %02d:%02d:%02d UTC", binary.BigEndian.Uint16(data), data[2], data[3], data[4], data[5], data[6])
			continue
		}
		key, value, ok := bytes.Cut(data, []byte{0})
		if !ok || len(key) > 79 {
			continue
		}
		keyword := strings.ToLower(string(key))
		if keyword == "time" || texts[keyword] != "" {
			continue
		}
		switch name {
		case "tEXt":
			texts[keyword] = latin1(value)
		case "zTXt":
			if len(value) > 1 && value[0] == 0 {
				texts[keyword] = latin1(inflate(value[1:]))
			}
		case "iTXt":
			texts[keyword] = internationalText(value)
		}
	}
	return texts
}

func latin1(b []byte) string {
	s, err := charmap.ISO8859_1.NewDecoder().Bytes(b[:min(len(b), textLimit)])
	if err != nil {
		return ""
	}
	return string(s)
}

func inflate(b []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	defer z.Close()
	data, _ := io.ReadAll(io.LimitReader(z, textLimit)) // what came before an error counts
	return data
}

// internationalText reads what follows the key word of an iTXt chunk: whether
// and how it is compressed, a language, the key word in it, the text.
func internationalText(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	packed, method, b := b[0], b[1], b[2:]
	for range 2 {
		_, after, ok := bytes.Cut(b, []byte{0})
		if !ok {
			return ""
		}
		b = after
	}
	switch {
	case packed == 1 && method == 0:
		b = inflate(b)
	case packed != 0:
		return ""
	}
	return string(b[:min(len(b), textLimit)])
}
