package locker_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker"
)

// smallPages makes the vaults of one test of small pages, so that a small one
// has all kinds of pages.
func smallPages(t testing.TB, size int) {
	locker.SetPageSize(size)
	t.Cleanup(func() { locker.SetPageSize(16384) })
}

// dump returns every row of every table, read from the tables themselves.
func dump(ctx context.Context, db *sql.DB) (string, error) {
	var b strings.Builder
	for _, table := range []string{"key", "key_copy", "record", "object", "chunk", "node", "head", "token", "local"} {
		rows, err := db.QueryContext(ctx, "SELECT * FROM "+table+" NOT INDEXED")
		if err != nil {
			return "", fmt.Errorf("%s: %w", table, err)
		}
		names, err := rows.Columns()
		if err != nil {
			return "", err
		}
		values := make([]any, len(names))
		at := make([]any, len(names))
		for i := range values {
			at[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(at...); err != nil {
				rows.Close()
				return "", err
			}
			fmt.Fprintf(&b, "%s %x\n", table, values)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return "", fmt.Errorf("%s: %w", table, err)
		}
	}
	return b.String(), nil
}

// sparse thins the tests that do something thousands of times: one in sparse is
// done. It is 1 but with -short and under the race detector.
var sparse = 1

// flipper looks at one vault file in which one byte at a time is wrong.
type flipper struct {
	path    string
	file    *os.File // never closed while SQLite has the file open: that would drop its locks
	options locker.Options
	whole   []byte
	head    locker.Head
	rows    string
}

// look returns whether the fault was noticed; if not, everything must read as
// before.
func (f *flipper) look(at int, pattern byte) (noticed bool, err error) {
	if _, err := f.file.WriteAt([]byte{f.whole[at] ^ pattern}, int64(at)); err != nil {
		return false, err
	}
	defer f.file.WriteAt(f.whole[at:at+1], int64(at))
	if at < 100 {
		// A flipped header can ask for a write-ahead log.
		defer os.Remove(f.path + "-wal")
		defer os.Remove(f.path + "-shm")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	got, err := locker.Verify(ctx, f.path, f.options, nil, nil)
	switch {
	case ctx.Err() != nil:
		return false, errors.New("verifying does not end")
	case err != nil || len(got.Faults) > 0:
		return true, nil
	case got.Head != f.head:
		return false, fmt.Errorf("head %v, and no fault", got.Head)
	}
	db, err := sql.Open("sqlite3", "file:"+url.PathEscape(f.path)+"?mode=ro")
	if err != nil {
		return false, err
	}
	defer db.Close()
	rows, err := dump(ctx, db)
	if err != nil {
		return false, fmt.Errorf("no fault, but reading: %w", err)
	}
	if rows != f.rows {
		return false, fmt.Errorf("no fault, but the rows differ:\n%s", firstDifference(rows, f.rows))
	}
	return false, nil
}

func firstDifference(a, b string) string {
	la, lb := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(la), len(lb)) {
		if la[i] != lb[i] {
			return fmt.Sprintf("%.200s\n%.200s", la[i], lb[i])
		}
	}
	return fmt.Sprintf("%d rows, %d rows", len(la), len(lb))
}

// Every byte of a backup is flipped in turn. Verify notices, or nothing that can
// be read has changed. Of what it notices, one in so many is mended from the
// vault, row for row.
func TestFlipEveryByte(t *testing.T) {
	const flipPage = 512 // the least: less of the file is unused
	smallPages(t, flipPage)
	const tried = 101
	v, vault := newVault(t)
	add(t, v, locker.Target{}, nil, memFile("a.png", []byte("a small picture")))
	path, options := filepath.Join(stick(t), "b.locker"), baseOptions(t.TempDir())
	backup(t, v, path)
	v.Close()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a third of the time else
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	db := rawDB(t, path)
	rows, err := dump(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	want := tables(t, path, 1<<40)
	control := verify(t, path)
	if len(control.Faults) != 0 || !strings.Contains(rows, "chunk") || !strings.Contains(rows, "head") {
		t.Fatalf("control: %v, %d bytes of rows", control.Faults, len(rows))
	}

	type flip struct {
		at      int
		pattern byte
	}
	flips := make(chan flip, 64)
	go func() {
		defer close(flips)
		for at := range whole {
			// The header's single bits have each their own meaning.
			if at < 100 {
				for bit := range 8 {
					flips <- flip{at, 1 << bit}
				}
			}
			if at >= 100 && at%sparse != 0 {
				continue
			}
			flips <- flip{at, []byte{1, 0xff, 0x80, 0x40}[at/sparse%4]}
		}
	}()
	var noticed, identical, mended, failed atomic.Int64
	var workers sync.WaitGroup
	for i := range runtime.GOMAXPROCS(0) {
		f := &flipper{path: filepath.Join(fastDir(t), fmt.Sprint("vault", i)), options: options, whole: whole, head: control.Head, rows: rows}
		copyFile(t, path, f.path)
		if f.file, err = os.OpenFile(f.path, os.O_WRONLY, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.file.Close() })
		from := f.path + "-from"
		copyFile(t, vault, from)
		workers.Go(func() {
			for x := range flips {
				seen, err := f.look(x.at, x.pattern)
				if seen && err == nil && noticed.Add(1)%tried == 0 {
					if err = f.heal(x.at, x.pattern, from, want); err == nil {
						mended.Add(1)
					}
				}
				switch {
				case err != nil:
					if failed.Add(1) < 20 {
						t.Errorf("byte %d (page %d, offset %d) with %#x: %v", x.at, x.at/flipPage+1, x.at%flipPage, x.pattern, err)
					}
				case !seen:
					identical.Add(1)
				}
			}
		})
	}
	workers.Wait()
	if fails := failed.Load(); fails > 0 {
		t.Errorf("%d flips went wrong", fails)
	}
	t.Logf("%d bytes: %d flips noticed, %d of %d mended, %d changed nothing that is read, %d wrong", len(whole), noticed.Load(), mended.Load(), noticed.Load()/tried, identical.Load(), failed.Load())
	if noticed.Load() < 100 || identical.Load() < 100 || mended.Load() < max(noticed.Load()/tried, 1) {
		t.Error("one of the outcomes hardly happened")
	}
}

// fastDir is a folder in memory where there is one.
func fastDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "locker-test-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// One page of a vault with many records and files is destroyed, each in turn.
// Files whose own pages are whole come out.
func TestDestroyEveryPage(t *testing.T) {
	smallPages(t, 1024)
	v, path := newVault(t)
	const files = 8
	contents := map[string][]byte{}
	for i := range files {
		name, content := fmt.Sprint("file", i), bytes.Repeat([]byte{byte('a' + i)}, 3000)
		contents[name] = content
		add(t, v, locker.Target{New: i == 4}, []locker.Fact{note(fmt.Sprint("note ", i))}, memFile(name, content))
	}
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	v.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(fastDir(t), "vault")
	options := baseOptions(filepath.Dir(path))
	pages := len(whole) / 1024
	opened, all, short, refused := 0, 0, 0, 0
	for page := range pages {
		b := bytes.Clone(whole)
		for i := range 1024 {
			b[page*1024+i] = 0xa5
		}
		if err := os.WriteFile(bad, b, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := locker.Verify(t.Context(), bad, options, nil, nil)
		if err != nil {
			continue // the header, the schema or the genesis
		}
		if len(got.Faults) == 0 {
			t.Errorf("page %d: not noticed", page+1)
		}
		opened++
		v, err := locker.Open(t.Context(), bad, options)
		if err != nil {
			t.Errorf("page %d: it verifies, but does not open: %v", page+1, err)
			continue
		}
		out := 0
		incidents, err := v.Incidents(t.Context(), k)
		if err != nil {
			t.Errorf("page %d: %v", page+1, err)
		}
		for _, in := range incidents {
			for _, r := range in.Exhibits() {
				b, err := readContent(v, k, r.Exhibit)
				if err == nil && !bytes.Equal(b, contents[r.Exhibit.Name]) {
					t.Errorf("page %d: %s has other content, and no error", page+1, r.Exhibit.Name)
				}
				if err == nil {
					out++
				}
			}
		}
		v.Close()
		// Adding goes on, or says that it does not.
		rep, err := addHeader(t.Context(), bad, options)
		if err != nil && len(rep) == 0 {
			refused++
		} else if err := present(t.Context(), bad, options, k, rep); err != nil {
			t.Errorf("page %d: added after the damage: %v", page+1, err)
		}
		for _, suffix := range []string{"-journal", "-lock", "-stage"} {
			os.Remove(bad + suffix)
		}
		switch {
		case out == files:
			all++
		case out == files-1:
		default:
			// Only an inner page of a table may cost more than one file.
			short++
			t.Logf("page %d (first byte %#x): only %d of %d files come out; faults %v", page+1, whole[page*1024], out, files, faultCodes(got))
			if first := whole[page*1024]; first != 2 && first != 5 && first != 13 && first != 10 {
				t.Errorf("page %d is no inner page", page+1)
			}
		}
	}
	t.Logf("%d pages: %d opened, %d gave all files, %d less than all but one; %d refused an add", pages, opened, all, short, refused)
	if opened < pages/2 || all == 0 || short > pages/10 || refused > opened/4 {
		t.Error("too little is left of damaged vaults")
	}
}

// present returns an error unless what was reported can be read.
func present(ctx context.Context, path string, o locker.Options, k *crypto.Key, rep reported) error {
	v, err := locker.Open(ctx, path, o)
	if err != nil {
		return err
	}
	defer v.Close()
	for seq, text := range rep {
		r, err := v.Record(ctx, k, seq)
		if err != nil {
			return fmt.Errorf("record %d (%s): %w", seq, text, err)
		}
		if r.Exhibit != nil {
			if _, err := readContent(v, k, r.Exhibit); err != nil {
				return err
			}
		}
	}
	return nil
}
