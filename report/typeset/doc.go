// Package typeset turns a document made of blocks (headings, paragraphs, forms,
// tables, pictures) into a PDF.
//
// It knows nothing of what the document is about: no files, no clock, no
// network. Text and settings come in a [Document], picture bytes through the
// Open functions of the pictures, and the PDF goes to a writer. The same
// document gives the same bytes.
//
// The work is done in five steps:
//
//  1. Every picture is read once and checked ([Inspect]); what cannot be shown
//     becomes a [Card] that says why.
//  2. Every string is made drawable (text.go) and broken into lines of a known
//     width (breaklines.go).
//  3. Blocks become rows, and rows are put on pages (layout.go).
//  4. The pages are drawn by gofpdf into memory, without pictures (draw.go).
//  5. The objects of that PDF are copied to the writer with the repairs that
//     gofpdf needs, and the pictures are streamed in behind them (splice.go).
//     Pictures are read a second time for this, and nothing is kept on disk.
//
// gofpdf is used for page content and fonts only. Its text flow drops kanji at
// line ends and its PNG reader panics on broken files, so neither is called;
// a test forbids it.
package typeset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Face is the family of the body text.
type Face int

const (
	Gothic Face = iota // BIZ UDPGothic, also in bold
	Mincho             // BIZ UDPMincho; its bold text is set in Gothic Bold
)

// Paper is a page format. The zero value is A4, always upright.
type Paper int

const (
	A4 Paper = iota
	Letter
)

// Margins are the empty borders of a page in millimetres. The running head and
// the footer stand inside the top and bottom margins.
type Margins struct{ Left, Right, Top, Bottom float64 }

// Document is everything that a PDF is made of. The zero value of each field
// has a sensible meaning; Write does not change the document, and several
// documents may be written at the same time.
type Document struct {
	Title, Author, Subject string

	Lang    string    // language of the text as in "ja" or "en"; "" leaves it out
	Date    time.Time // creation and modification date of the PDF, written in UTC
	DayOnly bool      // Date is a day in its own zone, and is written without a time
	Face    Face
	Size    float64 // of the body text in points; 0 means 10
	Paper   Paper
	Margins Margins // all zero means 20 mm left and right, 22 mm top, 20 mm bottom

	Header []Span // running head of every page, small
	Footer []Span // left part of the footer of every page, small

	// PageOf words the page number, as in "3 / 12". Nil prints that form.
	PageOf func(n, total int) string

	Blocks []Block
}

// Write lays the document out and writes it to w as a PDF. A picture that
// cannot be shown is replaced by a card and is no error. A picture that fails
// or changes between its two readings is one, as are a bad geometry and a
// failing w; w then holds a useless part of a PDF.
func (d *Document) Write(ctx context.Context, w io.Writer) (err error) {
	// gofpdf reports some mistakes by panicking; a report must not take the
	// program down with it.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("typesetting: internal error: %v", p)
		}
	}()
	l, err := newLayout(d)
	if err != nil {
		return err
	}
	if l.pictures, err = inspectAll(ctx, d.Blocks); err != nil {
		return err
	}
	pages, err := l.paginate(d.Blocks)
	if err != nil {
		return err
	}
	if len(pages) == 0 {
		return errors.New("typesetting: the document has no pages")
	}
	raw, used, err := drawPages(d, l, pages)
	if err != nil {
		return fmt.Errorf("drawing pages: %w", err)
	}
	return splice(ctx, w, raw, spliced{lang: d.Lang, dayOnly: d.DayOnly, fonts: used, pictures: l.placed})
}
