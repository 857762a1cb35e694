package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/locker/statement"
)

// This file reads the rows of a file while it is recorded.

// importNamed is how many damaged rows of a file are named one by one.
const importNamed = 20

// A reading is one file on its way, and what is found in it.
type reading struct {
	name     string
	opened   bool
	res      statement.Result
	rows     []statement.Row
	more     bool // than importAll, and nothing chooses
	problems []statement.Problem
	unnamed  int // problems beyond importNamed
	start    []byte
	sum      [32]byte
	changed  bool  // what was read here is not what was recorded
	err      error // the rows could not be read, for a fault of the program's
}

// reading makes file be read for its rows while it is recorded: from one and
// the same reading of it, so that the rows are those of the bytes recorded.
func (i *importing) reading(file *locker.File) *reading {
	r := &reading{name: file.Name}
	open := file.Open
	file.Open = func() (io.ReadCloser, error) {
		rc, err := open()
		if err != nil {
			return nil, err
		}
		r.opened = true
		pr, pw := io.Pipe()
		t := &tee{rc: rc, pipe: pw, sum: sha256.New(), done: make(chan struct{})}
		t.end = func(sum [32]byte) { r.sum, r.start = sum, t.start }
		go func() {
			defer close(t.done)
			i.read(r, pr)
			pr.Close()
		}()
		return t, nil
	}
	return r
}

func (i *importing) read(r *reading, src io.Reader) {
	q := i.request
	q.Name = r.name
	if i.all {
		q.Most = importAll
	}
	if !i.unclear {
		q.Row = func(row statement.Row) { r.rows = append(r.rows, row) }
	}
	q.Problem = func(p statement.Problem) {
		if len(r.problems) == importNamed {
			r.unnamed++
			return
		}
		r.problems = append(r.problems, p)
	}
	// The file is being recorded meanwhile, and nothing in it may stop that.
	defer func() {
		if p := recover(); p != nil {
			r.rows, r.err = nil, fmt.Errorf("%v", p)
		}
	}()
	r.res, _ = i.book.Read(src, q) // who writes to src sees its error
	r.more = i.all && r.res.Wanted > importAll
}

// sniffed is how much of a file is looked at to tell text from anything else.
const sniffed = 512

// isText tells whether the file begins as text, in whatever encoding, and not
// as a picture or a PDF.
func (r *reading) isText() bool {
	for _, mark := range []string{"\xfe\xff", "\xff\xfe"} { // of UTF-16, which is full of zeros
		if bytes.HasPrefix(r.start, []byte(mark)) {
			return true
		}
	}
	return !bytes.HasPrefix(r.start, []byte("%PDF-")) &&
		!bytes.ContainsFunc(r.start, func(c rune) bool { return c < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1b", c) })
}

// A tee hands on what is read of a file, and its digest at the end.
type tee struct {
	rc   io.ReadCloser
	pipe *io.PipeWriter
	sum  hash.Hash
	// start is the beginning, which tells text from anything else.
	start []byte
	done  chan struct{}
	end   func([32]byte)
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.rc.Read(p)
	t.sum.Write(p[:n])
	t.start = append(t.start, p[:min(n, sniffed-len(t.start))]...)
	_, _ = t.pipe.Write(p[:n]) // recording goes on, whatever the other side does
	return n, err
}

func (t *tee) Close() error {
	t.pipe.Close()
	<-t.done
	t.end([32]byte(t.sum.Sum(nil)))
	return t.rc.Close()
}

// Stat lets the vault see whether the file changes under its hands.
func (t *tee) Stat() (fs.FileInfo, error) {
	if s, ok := t.rc.(interface{ Stat() (fs.FileInfo, error) }); ok {
		return s.Stat()
	}
	return nil, errors.ErrUnsupported
}
