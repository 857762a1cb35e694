package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"evidence-locker/locker"
)

// A catalogue holds every text that a person reads, by key, in one language.
// The texts are formats of package fmt.
type catalogue map[string]string

// A lang is a language of the program: "en" or "ja".
type lang string

var catalogues = map[lang]catalogue{"en": english, "ja": japanese}

// chooseLang returns the language of --lang, LOCKER_LANG or the locale, in
// this order. ok is false if the flag asks for a language that there is not; a
// variable that does so is passed over, since it must not keep anyone from
// adding.
func chooseLang(flag string, getenv func(string) string) (l lang, ok bool) {
	if _, known := catalogues[lang(flag)]; known {
		return lang(flag), true
	}
	ok = flag == ""
	if v := lang(getenv("LOCKER_LANG")); catalogues[v] != nil {
		return v, ok
	}
	for _, v := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale := getenv(v); locale != "" {
			if strings.HasPrefix(locale, "ja") {
				return "ja", ok
			}
			return "en", ok
		}
	}
	return "en", ok
}

// msg returns the text of a key. Texts and errors among args may come from
// outside and are made harmless here, for every message at once.
func (l lang) msg(key string, args ...any) string {
	text, ok := catalogues[l][key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	clean := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case string:
			clean[i] = safe(a)
		case error:
			clean[i] = safe(l.reason(a))
		default:
			clean[i] = a
		}
	}
	return fmt.Sprintf(text, clean...)
}

// has reports whether there is a text for key.
func (l lang) has(key string) bool {
	_, ok := catalogues[l][key]
	return ok
}

// list joins alternatives the way the language does.
func (l lang) list(words []string) string {
	return strings.Join(words, l.msg("list.separator"))
}

// reason says in the person's language why the system refused something, and
// in the system's own words if it is nothing common.
func (l lang) reason(err error) string {
	var t interface{ translate(lang) string }
	if errors.As(err, &t) {
		return t.translate(l)
	}
	for _, r := range []struct {
		err error
		key string
	}{
		{fs.ErrNotExist, "reason.not-exist"},
		{fs.ErrPermission, "reason.permission"},
		{fs.ErrExist, "reason.exist"},
		{syscall.ENOSPC, "reason.full"},
		{syscall.EFBIG, "reason.full"},
		{syscall.EROFS, "reason.read-only"},
		{syscall.EISDIR, "reason.is-folder"},
		{syscall.ENOTDIR, "reason.not-folder"},
		{syscall.ENAMETOOLONG, "reason.name-too-long"},
		{context.Canceled, "err.interrupted"},
		{errEmptyPassphrase, "err.empty-passphrase"},
		{errChangedKind, "reason.not-regular"},
		{errSpecialFile, "reason.special"},
		{errOwnFile, "reason.own"},
		{errLongPassphrase, "reason.long-passphrase"},
		{locker.ErrFull, "reason.full"},
		{locker.ErrDisk, "reason.disk"},
		{syscall.EIO, "reason.disk"},
		{syscall.EPIPE, "reason.pipe"},
	} {
		if errors.Is(err, r.err) {
			return l.msg(r.key)
		}
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
