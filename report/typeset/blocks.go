package typeset

import (
	"image"
	"io"
)

// Block is one of Heading, Paragraph, List, Fields, Table, Mono, Note, Picture,
// Card, QR, Signature, Space and PageBreak.
type Block interface{ block() }

// Span is a piece of running text. A newline in Text ends the line. Any string
// is allowed: what the fonts cannot show is drawn as its code point, as in
// 〔U+1F600〕.
type Span struct {
	Text  string
	Bold  bool
	Mono  bool   // identifier: fixed width, broken only at blanks or where it is longer than a line
	Muted bool   // secondary, drawn in gray
	Link  string // "#id" of a block, or a URL with http, https or mailto; others are not linked
}

// Text returns s as one plain span.
func Text(s string) []Span { return []Span{{Text: s}} }

// Code returns s as one monospaced span.
func Code(s string) []Span { return []Span{{Text: s, Mono: true}} }

// Align is the horizontal place of a line.
type Align int

const (
	Left Align = iota
	Center
	Right
)

// Heading is a headline with a bookmark. Level 1 is the title of the document,
// 2 a section and 3 a subsection. It is never the last thing on a page.
type Heading struct {
	Level int
	Text  string
	ID    string // target of "#id" links; may be empty
}

// Paragraph is running text.
type Paragraph struct {
	Spans  []Span
	Align  Align
	Size   float64 // points; 0 means the size of the document
	Indent float64 // mm from the left margin
}

// List is a list of paragraphs with hanging marks.
type List struct {
	Numbered bool // 1. 2. 3. instead of dots
	Items    [][]Span
}

// Fields is a form of labels and values, one row each, with rules between. It
// is divided between pages as a Table is.
type Fields struct {
	LabelWidth float64 // mm; 0 means a quarter of the width
	Keep       bool    // stays on one page, unless it takes more than three fifths of one
	Rows       []Field
}

// Field is one row of a form.
type Field struct {
	Label string
	Value []Span
}

// Table is a table whose head is repeated on every page that it reaches. A row
// moves to the next page whole, unless that would leave more than a quarter of
// a page empty: then it is divided between two lines of text, neither of them
// alone. The first two rows stay together, and the last two.
type Table struct {
	Columns []Column
	Rows    [][]Cell // a row may have fewer cells than there are columns
	Size    float64  // points; 0 means a little less than the body text
}

// Column describes a column of a table.
type Column struct {
	Head  string
	Width float64 // share of what the columns with MM leave; 0 means 1
	MM    float64 // fixed width in mm, instead of Width
	Align Align
	Mono  bool // all cells are monospaced
}

// Cell is the content of one cell of a table.
type Cell []Span

// Mono is a block of verbatim, monospaced text: identifiers on lines of their
// own, mails, logs. Lines longer than the page are continued without a hyphen.
type Mono struct {
	Text string
	Size float64 // points; 0 means a little less than the body text
}

// Note is a remark set off by a rule at its left.
type Note struct {
	Title string // bold; may be empty
	Spans []Span
}

// Card is a frame that stands for something that cannot be drawn.
type Card struct {
	ID    string
	Title []Span
	Lines [][]Span
}

// Picture shows a raster image: PNG, JPEG, GIF (its first frame), BMP, TIFF or
// WebP, told apart by content. It is scaled to the page, never beyond 96 pixels
// an inch, and to what is left of a page if that is at least half of what it
// would take and keeps its text readable; one that is very high for its width is continued over several
// pages.
// Colour profiles are ignored, transparent parts are white.
type Picture struct {
	ID      string
	Caption []Span

	// Open gives the bytes of the image file from the start. It is called twice,
	// and more often where sizes matter, perhaps from two goroutines for
	// different pictures; each time it must give the same bytes.
	Open func() (io.ReadCloser, error)

	// Marks are frames to draw over the picture, in pixels of the picture as
	// it is seen upright. Marks and masks are cut off at its edges; one with
	// nothing left is an error, as is any on a picture that cannot be shown.
	Marks []image.Rectangle

	// Masks are areas that are black in the document's copy of the picture:
	// the pixels below them are not in the PDF. In pixels of the picture as it
	// is seen upright.
	Masks []image.Rectangle

	// Shown words what the document's copy of the picture is; its words stand
	// right behind the caption. Write calls it for every copy that is tried,
	// be it like the original or not, the one in the document last; not for a
	// picture that cannot be drawn. May be nil.
	Shown func(Copy) []Span

	// Card words what is shown instead of a picture that cannot be drawn; nil
	// gives a plain English card. ID and Caption are kept in any case.
	Card func(*PictureError) Card
}

// Copy tells what a document's copy of a picture is.
type Copy struct {
	Info                       // the original
	CopyWidth, CopyHeight int  // pixels of the copy, upright
	Lossy                 bool // compressed with a loss that the original did not have
}

// QR is a QR code with text at its right. The code survives the loss of a
// quarter of it.
type QR struct {
	Text   string
	MM     float64  // width and height, the white border included
	Beside [][]Span // paragraphs
	Size   float64  // of their text in points; 0 means the size of the document
}

// Signature is a place to sign or to fill in by hand: one ruled line for each
// label. It is never alone on a page: the end of what is above stays with it.
type Signature struct{ Labels []string }

// Space is vertical space in mm; it vanishes at the top of a page.
type Space float64

// PageBreak starts a new page, unless nothing is on the present one yet.
type PageBreak struct {
	// Restart begins a new count of pages: those before and those after it are
	// numbered apart, each with its own total, so that sheets can be taken off.
	Restart bool
}

func (Heading) block()   {}
func (Paragraph) block() {}
func (List) block()      {}
func (Fields) block()    {}
func (Table) block()     {}
func (Mono) block()      {}
func (Note) block()      {}
func (Card) block()      {}
func (Picture) block()   {}
func (QR) block()        {}
func (Signature) block() {}
func (Space) block()     {}
func (PageBreak) block() {}
