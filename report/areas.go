package report

import (
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"
	"strings"

	"evidence-locker/report/typeset"
)

// AreaError says that an area to black out or to frame would be on nothing that
// is shown. It stops the report: whoever asks for a mask must not hand over a
// document without it.
type AreaError struct {
	Seq           int64
	Mask          bool // else a frame
	Area          image.Rectangle
	Reason        AreaReason
	Width, Height int   // pixels of the upright picture, if it is known
	Err           error // why a picture cannot be shown; may be nil
}

// AreaReason tells what is wrong with an area.
type AreaReason string

const (
	NoExhibit AreaReason = "no-exhibit" // no live exhibit of the incident has this number
	NoPicture AreaReason = "no-picture" // the exhibit is no picture
	NotShown  AreaReason = "not-shown"  // the picture cannot be shown
	EmptyArea AreaReason = "empty"      // no pixels
	Outside   AreaReason = "outside"    // not even partly on the picture
)

func (e *AreaError) Error() string {
	what := "frame"
	if e.Mask {
		what = "mask"
	}
	s := fmt.Sprintf("%s of record %d", what, e.Seq)
	switch e.Reason {
	case NoExhibit:
		s += ": not an exhibit of this incident"
	case NoPicture:
		s += ": not a picture"
	case NotShown:
		s += ": the picture cannot be shown"
	case EmptyArea:
		s += fmt.Sprintf(": the area %v is empty", e.Area)
	case Outside:
		s += fmt.Sprintf(": the area %v is outside the picture of %d×%d pixels", e.Area, e.Width, e.Height)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *AreaError) Unwrap() error { return e.Err }

// cloneAreas copies areas, without the records that have none.
func cloneAreas(areas map[int64][]image.Rectangle) map[int64][]image.Rectangle {
	out := make(map[int64][]image.Rectangle)
	for seq, rs := range areas {
		if len(rs) > 0 {
			out[seq] = slices.Clone(rs)
		}
	}
	return out
}

// checkAreas refuses what can be seen to be wrong without the pictures.
func (b *builder) checkAreas() error {
	for _, mask := range []bool{true, false} {
		areas := b.marks
		if mask {
			areas = b.masks
		}
		for _, seq := range slices.Sorted(maps.Keys(areas)) {
			e := &AreaError{Seq: seq, Mask: mask, Area: areas[seq][0], Reason: NoExhibit}
			if i := slices.IndexFunc(b.exhibits, func(x exhibit) bool { return x.Seq == seq }); i < 0 {
				return e
			} else if !b.exhibits[i].isPicture() {
				e.Reason = NoPicture
				return e
			}
			for _, area := range areas[seq] {
				if area.Empty() {
					e.Area, e.Reason = area, EmptyArea
					return e
				}
			}
		}
	}
	return nil
}

// areaError says in terms of records what typeset says of an area.
func (r *Report) areaError(err error) error {
	var e *typeset.AreaError
	if !errors.As(err, &e) {
		return err
	}
	out := &AreaError{Seq: r.pictures[e.ID].Seq, Mask: e.Mask, Area: e.Area, Reason: Outside, Width: e.Width, Height: e.Height, Err: e.Err}
	if e.Err != nil {
		out.Reason = NotShown
	}
	return out
}

// caption names a picture, and says what was done to the copy that is shown.
func (b *builder) caption(x exhibit) []typeset.Span {
	spans := typeset.Text(b.exhibitName(x) + b.s("　", "  ") + x.name)
	if len(b.masks[x.Seq]) > 0 {
		spans = append(spans, typeset.Span{Text: b.s("\n一部を黒く塗った写し。原本のハッシュ値（SHA-256）は ", "\nMasked copy: parts of it were blacked out. The original's SHA-256 is ")},
			typeset.Span{Text: fmt.Sprintf("%x", x.SHA256), Mono: true}, typeset.Span{Text: b.s("。", ".")})
	}
	if len(b.marks[x.Seq]) > 0 {
		spans = append(spans, typeset.Span{Text: b.s("\n枠は本書で書き加えたもので、原本にはない。", "\nThe frames were added in this document; the original has none.")})
	}
	return spans
}

// shrunk says how the document's copy of a picture differs from the original;
// nothing if it has all pixels as they are.
func (b *builder) shrunk(c typeset.Copy) []typeset.Span {
	smaller := c.CopyWidth != c.Width || c.CopyHeight != c.Height
	loss := b.s("画質を落とさない圧縮", "compressed without loss")
	if c.Lossy {
		loss = b.s("画質の落ちる圧縮", "compressed with loss")
	}
	switch {
	case smaller:
		return typeset.Text(fmt.Sprintf(b.s("\n縮小した写し：原本 %d×%d 画素、この写し %d×%d 画素、%s。", "\nShrunk copy: the original has %d×%d pixels, this copy %d×%d, %s."),
			c.Width, c.Height, c.CopyWidth, c.CopyHeight, loss))
	case c.Lossy:
		return typeset.Text(fmt.Sprintf(b.s("\n圧縮し直した写し：%d×%d 画素（原本と同じ）、%s。", "\nRecompressed copy: %d×%d pixels as in the original, %s."), c.Width, c.Height, loss))
	}
	return nil
}

// kindOfCopy tells an original from a copy, for the list of exhibits.
func (b *builder) kindOfCopy(x exhibit) string {
	if len(b.masks[x.Seq]) > 0 {
		return b.s("一部を黒塗りした写し", "masked copy")
	}
	return b.s("写し", "copy")
}

// copies says which pictures were altered for the document (recipients.md,
// rule 10).
func (b *builder) copies(xs []exhibit) (said []string) {
	names := func(areas map[int64][]image.Rectangle) string {
		var s []string
		for _, x := range xs {
			if len(areas[x.Seq]) > 0 {
				s = append(s, b.exhibitName(x))
			}
		}
		return strings.Join(s, b.s("、", ", "))
	}
	if s := names(b.masks); s != "" {
		said = append(said, fmt.Sprintf(b.s(
			"本書には黒塗りした写しが含まれる：%s。塗った部分の元の画素は本書に入っていない。保管庫の原本は塗っておらず、示した SHA-256 は原本の値である。",
			"This document contains masked copies: %s. The pixels under the black areas are not in it. The originals in the vault are not masked, and the SHA-256 given is that of the original."), s))
	}
	if s := names(b.marks); s != "" {
		said = append(said, fmt.Sprintf(b.s("次の写しには枠を書き加えた：%s。原本に枠はない。", "Frames were added to these copies: %s. The originals have none."), s))
	}
	return said
}
