package typeset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// screenshot draws a page with text, a table and a noisy picture, as a browser
// shows them. alpha adds an opaque alpha channel when it is encoded.
func screenshot(t testing.TB, seed uint64, alpha bool) image.Image {
	t.Helper()
	f, err := opentype.Parse(FontGothic())
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 16, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(seed, 1))
	m := image.NewRGBA(image.Rect(0, 0, 1920, 1080))
	draw.Draw(m, m.Bounds(), image.NewUniform(color.RGBA{250, 250, 252, 255}), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(0, 0, 1920, 70), image.NewUniform(color.RGBA{40, 60, 110, 255}), image.Point{}, draw.Src)
	d := font.Drawer{Dst: m, Src: image.Black, Face: face}
	for y := 110; y < 1060; y += 24 {
		d.Dot = fixed.P(30, y)
		d.DrawString(fmt.Sprintf("2024-01-15 14:%02d:%02d  注文 %08d  指値 BTC/JPY %d  約定しませんでした（503）", rnd.IntN(60), rnd.IntN(60), rnd.IntN(1e8), rnd.IntN(1e7)))
	}
	for y := 120; y < 420; y++ {
		for x := 1300; x < 1300+int(100+seed%5*100); x++ {
			m.SetRGBA(x, y, color.RGBA{uint8(rnd.IntN(256)), uint8(rnd.IntN(256)), uint8(y), 255})
		}
	}
	if alpha {
		return withAlpha{m}
	}
	return m
}

// withAlpha hides that a picture is opaque from the encoder.
type withAlpha struct{ *image.RGBA }

func (withAlpha) Opaque() bool { return false }

// screenshots returns n pictures, five different ones over and over.
func screenshots(t testing.TB, n int, alpha bool) []Block {
	var files [][]byte
	for i := range uint64(5) {
		files = append(files, encodePNG(t, screenshot(t, i, alpha)))
	}
	var blocks []Block
	for i := range n {
		if dir := os.Getenv("KEEP_SHOTS"); dir != "" {
			name := filepath.Join(dir, fmt.Sprintf("%v%03d.png", alpha, i))
			if err := os.WriteFile(name, files[i%5], 0o600); err != nil {
				t.Fatal(err)
			}
		}
		blocks = append(blocks, Heading{Level: 2, Text: fmt.Sprintf("別紙 %d", i+1)},
			Picture{Caption: Text("画面"), Open: from(files[i%5])}, PageBreak{})
	}
	return blocks
}

// peak runs f and returns the most memory that was in use beyond what it was
// before, sampled every few milliseconds.
func peak(f func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most atomic.Uint64
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&now)
				if now.HeapInuse+now.StackInuse > most.Load() {
					most.Store(now.HeapInuse + now.StackInuse)
				}
			}
		}
	}()
	f()
	close(stop)
	<-done
	return most.Load() - min(most.Load(), before.HeapInuse)
}

// benchmarkPictures writes n screenshots, in no more than max bytes if that is
// not 0.
func benchmarkPictures(b *testing.B, n int, alpha bool, max int64) {
	d := &Document{Lang: "ja", Date: testDate, MaxSize: max, Blocks: screenshots(b, n, alpha)}
	b.ResetTimer()
	for b.Loop() {
		used := peak(func() {
			var size *SizeError
			switch err := d.Write(context.Background(), io.Discard); {
			case errors.As(err, &size):
				b.ReportMetric(float64(size.Least), "least-bytes")
			case err != nil:
				b.Fatal(err)
			}
		})
		b.ReportMetric(float64(used)/(1<<20), "peak-MiB")
	}
}

func BenchmarkOpaque100(b *testing.B)   { benchmarkPictures(b, 100, false, 0) }
func BenchmarkAlpha100(b *testing.B)    { benchmarkPictures(b, 100, true, 0) }
func BenchmarkOpaque500(b *testing.B)   { benchmarkPictures(b, 500, false, 0) }
func BenchmarkAlpha500(b *testing.B)    { benchmarkPictures(b, 500, true, 0) }
func BenchmarkShrink20(b *testing.B)    { benchmarkPictures(b, 20, false, 7_000_000) }
func BenchmarkShrink100(b *testing.B)   { benchmarkPictures(b, 100, false, 20_000_000) }
func BenchmarkTooLarge100(b *testing.B) { benchmarkPictures(b, 100, true, 7_000_000) }

func textPages(n int) *Document {
	d := &Document{Lang: "ja", Date: testDate, Face: Mincho, Size: 10.5}
	for range n {
		d.Blocks = append(d.Blocks, Heading{Level: 2, Text: "経過"}, Paragraph{Spans: Text(strings.Repeat(sentence, 10))},
			Table{Columns: []Column{{Head: "日時"}, {Head: "内容"}}, Rows: [][]Cell{{Text("14:03"), Text(sentence)}}}, PageBreak{})
	}
	return d
}

func BenchmarkText300(b *testing.B) {
	d := textPages(300)
	for b.Loop() {
		var buf bytes.Buffer
		if err := d.Write(context.Background(), &buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkText3(b *testing.B) {
	d := textPages(3)
	for b.Loop() {
		if err := d.Write(context.Background(), io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
