package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"evidence-locker/report/typeset"
)

// A demoScreen is a made-up page of a made-up exchange, as a full-HD
// screenshot of a browser.
type demoScreen struct {
	file       string // name of the PNG
	url        string
	clock      string // of the desktop, at the lower right
	title      string
	note       string
	columns    []demoColumn
	rows       [][]string
	suspicious []int  // rows that are marked
	failure    string // instead of a table: an error page with this headline
}

type demoColumn struct {
	head  string
	width int // pixels
}

const (
	demoWidth, demoHeight = 1920, 1080
	demoMargin            = 60 // pixels left and right of the page's content
	demoLine              = 26 // height of a line of text in a table
)

var (
	demoInk    = color.RGBA{0x1c, 0x23, 0x2b, 0xff}
	demoGray   = color.RGBA{0x6a, 0x73, 0x7d, 0xff}
	demoRule   = color.RGBA{0xd8, 0xdd, 0xe3, 0xff}
	demoFrame  = color.RGBA{0xde, 0xe2, 0xe8, 0xff}
	demoBar    = color.RGBA{0x20, 0x28, 0x33, 0xff}
	demoHead   = color.RGBA{0xf1, 0xf4, 0xf7, 0xff}
	demoAlert  = color.RGBA{0xfd, 0xee, 0xec, 0xff}
	demoRed    = color.RGBA{0xb4, 0x23, 0x18, 0xff}
	demoYellow = color.RGBA{0xff, 0xe0, 0x82, 0xff}
)

// A demoPainter draws text and boxes on one picture.
type demoPainter struct {
	img  *image.RGBA
	font *opentype.Font
	face map[int]font.Face // by size in pixels
}

// drawDemoScreens returns the screens as PNG files, in their order. The same
// screens give the same bytes.
func drawDemoScreens(screens []demoScreen) ([][]byte, error) {
	f, err := opentype.Parse(typeset.FontGothic())
	if err != nil {
		return nil, fmt.Errorf("reading demo font: %w", err)
	}
	p := &demoPainter{font: f, face: map[int]font.Face{}}
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	var all [][]byte
	for _, s := range screens {
		p.img = image.NewRGBA(image.Rect(0, 0, demoWidth, demoHeight))
		if err := p.screen(s); err != nil {
			return nil, fmt.Errorf("drawing %q: %w", s.file, err)
		}
		var b bytes.Buffer
		if err := encoder.Encode(&b, p.img); err != nil {
			return nil, fmt.Errorf("drawing %q: %w", s.file, err)
		}
		all = append(all, b.Bytes())
	}
	return all, nil
}

func (p *demoPainter) box(x, y, w, h int, c color.Color) {
	draw.Draw(p.img, image.Rect(x, y, x+w, y+h), image.NewUniform(c), image.Point{}, draw.Src)
}

// text draws one line with its base line at y and returns where it ends.
func (p *demoPainter) text(x, y, size int, c color.Color, s string) (int, error) {
	face := p.face[size]
	if face == nil {
		var err error
		// At 72 dots an inch a point is a pixel.
		face, err = opentype.NewFace(p.font, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return x, err
		}
		p.face[size] = face
	}
	d := font.Drawer{Dst: p.img, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(s)
	return d.Dot.X.Ceil(), nil
}

func (p *demoPainter) screen(s demoScreen) error {
	var failed error
	text := func(x, y, size int, c color.Color, s string) int {
		end, err := p.text(x, y, size, c, s)
		if err != nil {
			failed = err
		}
		return end
	}
	p.box(0, 0, demoWidth, demoHeight, color.White)

	// The browser: a tab, the address, three buttons.
	p.box(0, 0, demoWidth, 44, demoFrame)
	p.box(24, 8, 420, 36, color.White)
	text(44, 33, 18, demoInk, s.title+" - 見本取引所")
	text(demoWidth-130, 30, 20, demoGray, "－  □  ×")
	p.box(0, 44, demoWidth, 56, color.White)
	p.box(0, 99, demoWidth, 1, demoRule)
	text(30, 80, 24, demoGray, "←    →")
	p.box(170, 54, demoWidth-230, 36, demoHead)
	text(190, 79, 20, demoInk, s.url)

	// Every screen says that it is none.
	p.box(0, 100, demoWidth, 44, demoYellow)
	text(demoMargin, 130, 22, demoInk, "DEMO / 見本　この画面は架空のもので、実在の取引所・人物・取引とは関係ない　MADE-UP SCREEN")

	text(demoMargin, 216, 38, demoInk, s.title)
	text(demoMargin, 262, 20, demoGray, s.note)
	if s.failure != "" {
		text(demoMargin, 420, 84, demoRed, s.failure)
		text(demoMargin, 500, 28, demoInk, "ただいまアクセスが集中しているか、メンテナンス中のためご利用いただけません。")
		text(demoMargin, 546, 28, demoInk, "しばらくしてから、もう一度お試しください。")
	} else {
		p.table(s, text)
	}

	// The desktop's bar with its clock.
	p.box(0, demoHeight-48, demoWidth, 48, demoBar)
	text(30, demoHeight-16, 20, color.White, "見本デスクトップ")
	text(demoWidth-320, demoHeight-16, 20, color.White, s.clock)
	return failed
}

func (p *demoPainter) table(s demoScreen, text func(x, y, size int, c color.Color, s string) int) {
	y := 296
	cells := func(row []string, size int, ink, ground color.Color) {
		lines := 1
		for _, cell := range row {
			lines = max(lines, 1+strings.Count(cell, "\n"))
		}
		height := lines*demoLine + 28
		p.box(demoMargin, y, demoWidth-2*demoMargin, height, ground)
		x := demoMargin + 14
		for i, cell := range row {
			for n, line := range strings.Split(cell, "\n") {
				text(x, y+34+n*demoLine, size, ink, line)
			}
			x += s.columns[i].width
		}
		p.box(demoMargin, y+height-1, demoWidth-2*demoMargin, 1, demoRule)
		y += height
	}
	var heads []string
	for _, c := range s.columns {
		heads = append(heads, c.head)
	}
	cells(heads, 18, demoGray, demoHead)
	for i, row := range s.rows {
		if slices.Contains(s.suspicious, i) {
			cells(row, 18, demoRed, demoAlert)
		} else {
			cells(row, 18, demoInk, color.White)
		}
	}
}
