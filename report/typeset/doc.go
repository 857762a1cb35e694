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
//     Pictures are read again for this, and nothing is kept on disk.
//
// gofpdf is used for page content and fonts only. Its text flow drops kanji at
// line ends and its PNG reader panics on broken files, so neither is called;
// a test forbids it.
package typeset

import (
	"context"
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

	// FrontOf words the page number before the first PageBreak with Restart. Nil
	// takes PageOf.
	FrontOf func(n, total int) string

	// MaxSize is the largest size of the PDF in bytes, 0 for any. If it would
	// be larger with the pictures as they are, each of them that is wider than
	// MinWidth is replaced by the smallest of three copies: the picture as it
	// is, and with at most N pixels across either without loss or as a JPEG of
	// quality 85. N is the first of 1920, 1600, 1280 and MinWidth with which
	// the PDF fits, the same for all pictures. Where none does, Write gives a
	// *SizeError and writes nothing.
	MaxSize int64

	Blocks []Block
}

// MinWidth is the width in pixels below which no picture is shrunk, so that the
// text of a screenshot stays readable.
const MinWidth = 1000

// SizeError says that a document does not fit its MaxSize.
type SizeError struct {
	Max   int64 // bytes allowed
	Least int64 // bytes that the document takes with its pictures shrunk as far as they may be
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("typesetting: the document takes %d bytes, more than %d", e.Least, e.Max)
}

// Sizes tell what a document takes.
type Sizes struct {
	Pages    int64   // bytes without the pictures, with whatever captions are longer
	Pictures []int64 // bytes of each picture as it is, in the order of the blocks; 0 for one that becomes a card
	Least    []int64 // bytes of each as small as MaxSize may make it
}

// Write lays the document out and writes it to w as a PDF. A picture that
// cannot be shown is replaced by a card and is no error. A picture that fails
// or changes between its two readings is one, as are a bad geometry and a
// failing w; w then holds a useless part of a PDF.
func (d *Document) Write(ctx context.Context, w io.Writer) (err error) {
	// gofpdf reports some mistakes by panicking; a report must not take the
	// program down with it.
	defer recovered(&err)
	if _, err := newLayout(d); err != nil { // before the pictures are read
		return err
	}
	pics, err := inspectAll(ctx, d.Blocks)
	if err != nil {
		return err
	}
	c, err := d.fit(ctx, pics)
	if err != nil {
		return err
	}
	return splice(ctx, w, c.raw, c.spliced)
}
