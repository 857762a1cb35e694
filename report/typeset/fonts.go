package typeset

import (
	"bytes"
	_ "embed" // for the font files
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// The font files are the unmodified releases; their licence lies beside them.
var (
	//go:embed fonts/BIZUDPGothic-Regular.ttf
	gothicTTF []byte
	//go:embed fonts/BIZUDPGothic-Bold.ttf
	gothicBoldTTF []byte
	//go:embed fonts/BIZUDPMincho-Regular.ttf
	minchoTTF []byte
)

// FontGothic returns a copy of the TrueType file of BIZ UDPGothic Regular.
func FontGothic() []byte { return bytes.Clone(gothicTTF) }

// faceID numbers the font files.
type faceID uint8

const (
	gothic faceID = iota
	gothicBold
	mincho
	mono
	monoBold
	numFaces
)

// fontFile is a font and its table of advance widths.
type fontFile struct {
	name string // PostScript name
	key  string // family name within gofpdf
	ttf  []byte // only ever read; gofpdf writes into its fonts and gets a copy

	once   sync.Once
	widths []uint16 // advance by BMP character in 1/1000 em; noGlyph where there is none
}

const noGlyph = math.MaxUint16

var fontFiles = [numFaces]*fontFile{
	gothic:     {name: "BIZUDPGothic-Regular", key: "gothic", ttf: gothicTTF},
	gothicBold: {name: "BIZUDPGothic-Bold", key: "gothicbold", ttf: gothicBoldTTF},
	mincho:     {name: "BIZUDPMincho-Regular", key: "mincho", ttf: minchoTTF},
	mono:       {name: "GoMono", key: "mono", ttf: gomono.TTF},
	monoBold:   {name: "GoMono-Bold", key: "monobold", ttf: gomonobold.TTF},
}

// advance returns the width of r in 1/1000 em, and whether the font can draw it.
func (f *fontFile) advance(r rune) (int, bool) {
	f.once.Do(f.measure)
	if r < 0 || int(r) >= len(f.widths) || f.widths[r] == noGlyph {
		return 0, false
	}
	return int(f.widths[r]), true
}

// measure reads the width of every character. Only the basic plane counts:
// gofpdf cannot draw beyond it.
func (f *fontFile) measure() {
	sf, err := sfnt.Parse(f.ttf)
	if err != nil {
		panic("typeset: embedded font " + f.name + ": " + err.Error())
	}
	f.widths = make([]uint16, 1<<16)
	var buf sfnt.Buffer
	upem := int(sf.UnitsPerEm())
	for r := range f.widths {
		f.widths[r] = noGlyph
		if r < 0x20 || 0xd800 <= r && r <= 0xdfff {
			continue
		}
		g, err := sf.GlyphIndex(&buf, rune(r))
		if err != nil || g == 0 {
			continue
		}
		// One em is asked for in font units, so that nothing is rounded away.
		adv, err := sf.GlyphAdvance(&buf, g, fixed.I(upem), font.HintingNone)
		if err != nil {
			continue
		}
		f.widths[r] = uint16(math.Round(float64(adv.Round()) * 1000 / float64(upem)))
	}
}

// textFace is the font of ordinary text in a family.
func textFace(family Face, bold bool) faceID {
	switch {
	case bold:
		return gothicBold
	case family == Mincho:
		return mincho
	}
	return gothic
}

// pickFace returns the font to draw r with: the wanted one where it has the
// character, else the other of text and monospaced. ok is false if none has it.
func pickFace(family Face, bold, fixedWidth bool, r rune) (id faceID, adv int, ok bool) {
	text, code := textFace(family, bold), mono
	if bold {
		code = monoBold
	}
	order := [...]faceID{text, code}
	if fixedWidth {
		order = [...]faceID{code, text}
	}
	for _, id := range order {
		if adv, ok := fontFiles[id].advance(r); ok {
			return id, adv, true
		}
	}
	return text, 0, false
}

// drawable tells whether every style of text can show r.
func drawable(r rune) bool {
	for _, b := range []bool{false, true} {
		for _, f := range []Face{Gothic, Mincho} {
			if _, _, ok := pickFace(f, b, false, r); !ok {
				return false
			}
		}
	}
	return true
}
