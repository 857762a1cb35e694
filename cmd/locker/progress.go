package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// barDelay is how long work must last to be worth a bar.
const barDelay = 500 * time.Millisecond

// A bar shows progress on standard error. A nil bar shows nothing.
type bar struct {
	p     *progressbar.ProgressBar
	total int64
	err   io.Writer
}

// progress returns a function that shows how far work that is counted in bytes
// is, and one that wipes the bar at the end. Where standard error is no terminal
// they do nothing.
func (u *ui) progress(key string) (update func(done, total int64), end func()) {
	return u.newProgress(key, true)
}

// steps is progress for work that is counted in anything else.
func (u *ui) steps(key string) (update func(done, total int64), end func()) {
	return u.newProgress(key, false)
}

func (u *ui) newProgress(key string, bytes bool) (update func(done, total int64), end func()) {
	if u.quiet || !isTerminalFile(u.err) {
		return func(int64, int64) {}, func() {}
	}
	start := time.Now()
	update = func(done, total int64) {
		if u.bar == nil {
			if time.Since(start) < barDelay {
				return
			}
			options := []progressbar.Option{
				progressbar.OptionSetWriter(u.err),
				progressbar.OptionSetDescription(u.lang.msg(key)),
				progressbar.OptionShowBytes(bytes),
				progressbar.OptionUseIECUnits(true),
				progressbar.OptionSetWidth(24),
				progressbar.OptionThrottle(100 * time.Millisecond),
				progressbar.OptionClearOnFinish(),
			}
			if bytes { // how many of how many
				options = append(options, progressbar.OptionShowCount(), progressbar.OptionSetWidth(10))
			}
			u.bar = &bar{total: total, err: u.err, p: progressbar.NewOptions64(max(total, 1), options...)}
		}
		if total < 0 { // not known
			total = done + 1
		}
		if total != u.bar.total {
			u.bar.total = total
			u.bar.p.ChangeMax64(max(total, 1))
		}
		_ = u.bar.p.Set64(min(done, max(total, 1)))
	}
	return update, func() {
		u.bar.wipe()
		u.bar = nil
	}
}

// wipe clears the bar's line; the next update draws it again.
func (b *bar) wipe() {
	if b == nil {
		return
	}
	_ = b.p.Clear()
	wipeLine(b.err) // a ^C stands behind it
}
