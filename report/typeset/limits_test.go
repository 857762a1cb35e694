package typeset

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// scans repeats the picture data of a JPEG.
func scans(file []byte, n int) []byte {
	sos := bytes.Index(file, []byte{0xff, 0xda})
	end := len(file) - 2
	return bytes.Join([][]byte{file[:sos], bytes.Repeat(file[sos:end], n), file[end:]}, nil)
}

// Each scan costs a reader the whole picture, so their number is limited.
func TestJPEGScans(t *testing.T) {
	photo := encodeJPEG(t, chart(64, 48))
	_, err := Inspect(from(scans(photo, maxScans)))
	if err != nil {
		t.Errorf("control with %d scans: %v", maxScans, err)
	}
	var pe *PictureError
	if _, err := Inspect(from(scans(photo, maxScans+1))); !errors.As(err, &pe) || pe.Reason != Unsupported {
		t.Errorf("one more: %v", err)
	}
	start := time.Now()
	if _, err := Inspect(from(scans(photo, 20_000))); err == nil {
		t.Error("20,000 scans are taken")
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("took %v", d)
	}
}

// counted counts what is read.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	return n, err
}

func (c *counted) Close() error { return nil }

type endless struct{}

func (endless) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// A file that is read as a whole is read no further than its limit.
func TestLargeFile(t *testing.T) {
	for _, magic := range []string{"II*\x00\x08\x00\x00\x00", "BM", "GIF89a", "RIFF\x00\x00\x00\x00WEBPVP8 "} {
		c := &counted{Reader: io.MultiReader(strings.NewReader(magic), endless{})}
		_, err := Inspect(func() (io.ReadCloser, error) { return c, nil })
		var pe *PictureError
		if !errors.As(err, &pe) || pe.Reason != TooLarge || pe.Width != 0 {
			t.Errorf("%q: %v", magic, err)
		}
		if c.n > maxFile+1<<20 {
			t.Errorf("%q: %d bytes read", magic, c.n)
		}
	}
	if memory.free != maxDecoded+maxFile {
		t.Errorf("%d bytes of memory are free afterwards", memory.free)
	}
}

// Pictures of the largest sizes wait for each other and do not lock up.
func TestMemoryDoesNotLockUp(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			if i%2 == 0 {
				_, release, err := wholeFile(io.LimitReader(endless{}, 1<<20))
				defer release()
				if err != nil {
					t.Error(err)
				}
			}
			memory.acquire(maxDecoded)
			time.Sleep(time.Millisecond)
			memory.release(maxDecoded)
		})
	}
	done := make(chan bool)
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("locked up")
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "a\tb": "a    b", "a\r\nb\rc": "a\nb\nc", "か\u3099": "が", "か\ufe0f\u3099": "が", "\u2764\ufe0f": "\u2764",
		"a\u200bb\u202e": "a〔U+200B〕b〔U+202E〕", "\x00\x01": "〔U+0000 U+0001〕", "\xff": "〔0xFF〕", "\ufeffx\ufeff": "x〔U+FEFF〕",
		"😀𠮷": "😀𠮷", "\ue000\uffff": "〔U+E000 U+FFFF〕", "\ufffd": "\ufffd",
	} {
		if got := Printable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
