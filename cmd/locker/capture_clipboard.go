package main

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"evidence-locker/locker"
)

// This file takes what is in the clipboard: the picture if there is one, else
// the text.

// A clipboardTool is a program that prints the clipboard. Either it lists the
// types that are offered and prints one of them, or it knows pictures, or text.
type clipboardTool struct {
	name    string
	session string
	list    []string // lists the types
	one     []string // prints one of them, at typeWord
	image   []string // prints a picture, nothing if there is none
	text    []string
	decode  func([]byte) []byte // what it prints is not the bytes themselves
	version []string
}

const typeWord = "{type}"

// clipboardTools are the programs in the order in which they are tried.
var clipboardTools = []clipboardTool{
	{name: "wl-paste", session: wayland, list: []string{"--list-types"}, one: []string{"--no-newline", "--type", typeWord}, version: []string{"--version"}},
	{name: "xclip", session: x11, list: []string{"-selection", "clipboard", "-o", "-t", "TARGETS"}, one: []string{"-selection", "clipboard", "-o", "-t", typeWord}, version: []string{"-version"}},
	{name: "xsel", session: x11, text: []string{"--clipboard", "--output"}, version: []string{"--version"}},
	{name: "pngpaste", session: macintosh, image: []string{"-"}},
	{name: "osascript", session: macintosh, image: []string{"-e", "the clipboard as «class PNGf»"}, decode: decodeAppleData},
	{name: "pbpaste", session: macintosh, text: []string{"-Prefer", "txt"}},
	{name: "powershell.exe", session: windows, image: powershell(clipboardImageScript), text: powershell(clipboardTextScript), version: powershell("$PSVersionTable.PSVersion.ToString()")},
}

const clipboardImageScript = `$ErrorActionPreference = 'Stop'
Add-Type -AssemblyName System.Windows.Forms, System.Drawing
$b = [System.Windows.Forms.Clipboard]::GetImage()
if ($b -eq $null) { exit 0 }
` + writePNG

const clipboardTextScript = `$ErrorActionPreference = 'Stop'
Add-Type -AssemblyName System.Windows.Forms
$t = [System.Text.Encoding]::UTF8.GetBytes([System.Windows.Forms.Clipboard]::GetText())
$o = [Console]::OpenStandardOutput()
$o.Write($t, 0, $t.Length)
$o.Flush()`

// clipboardTypes are the types that are taken, the better ones first, each with
// the ending of a file of that type. X11 has old names of its own for text.
var clipboardTypes = []struct{ name, ending string }{
	{"image/png", ".png"}, {"image/jpeg", ".jpg"}, {"image/webp", ".webp"}, {"image/tiff", ".tif"}, {"image/gif", ".gif"}, {"image/bmp", ".bmp"},
	{"text/plain;charset=utf-8", ".txt"}, {"UTF8_STRING", ".txt"}, {"text/plain", ".txt"}, {"STRING", ".txt"}, {"TEXT", ".txt"},
}

// decodeAppleData reads «data PNGf89504E47...», as osascript prints bytes.
func decodeAppleData(printed []byte) []byte {
	_, digits, ok := strings.Cut(string(printed), "PNGf")
	if !ok {
		return nil
	}
	digits, _, _ = strings.Cut(digits, "»")
	data, err := hex.DecodeString(digits)
	if err != nil {
		return nil
	}
	return data
}

// captureClipboard takes what is in the clipboard. Where that fails it says so,
// and that something is not recorded.
func (e *env) captureClipboard(ctx context.Context) []locker.File {
	session := e.session()
	if session == "" {
		e.ui.lost("capture.no-clipboard-session")
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, captureAll)
	defer cancel()
	var names []string
	failed := map[string]error{}
	for _, t := range clipboardTools {
		if t.session != session {
			continue
		}
		names = append(names, t.name)
		path, ok := findProgram(t.name)
		if !ok {
			continue
		}
		c, err := e.readClipboard(ctx, t, path)
		if err == nil {
			return []locker.File{c.file()}
		}
		failed[t.name] = err
	}
	for _, name := range names {
		if failed[name] != nil {
			e.ui.lost("capture.clipboard-failed", name, failed[name])
		}
	}
	if len(failed) == 0 {
		e.ui.lost("capture.no-clipboard-program", e.ui.lang.list(names))
	}
	return nil
}

// readClipboard runs one program for what it can print.
func (e *env) readClipboard(ctx context.Context, t clipboardTool, path string) (*captured, error) {
	at := e.now()
	run := func(words []string) ([]byte, error) {
		data, messages, err := program{path: path, args: words, env: e.sessionEnv(), output: captureOutput, time: captureTime}.run(ctx)
		if err != nil {
			return nil, because(messages, err)
		}
		if t.decode != nil {
			data = t.decode(data)
		}
		return data, nil
	}
	take := func(words []string, ending string) (*captured, error) {
		data, err := run(words)
		if err != nil {
			return nil, err
		}
		if len(data) == 0 {
			return nil, &captureError{"capture.clipboard-empty", nil}
		}
		return &captured{
			data: data, at: at, name: "clipboard-" + at.At.Format(captureStamp) + ending,
			program: strings.TrimSpace(t.name + " " + e.programVersion(path, t.version)),
		}, nil
	}
	if t.list == nil {
		err := error(&captureError{"capture.clipboard-empty", nil})
		for _, way := range []struct {
			words  []string
			ending string
		}{{t.image, ".png"}, {t.text, ".txt"}} {
			if way.words == nil {
				continue
			}
			var c *captured
			if c, err = take(way.words, way.ending); err == nil {
				return c, nil
			}
		}
		return nil, err
	}
	listed, err := run(t.list)
	if err != nil {
		return nil, err
	}
	offered := strings.Fields(string(listed))
	failed := error(&captureError{"capture.clipboard-types", []any{strings.Join(offered[:min(len(offered), 10)], ", ")}})
	for _, kind := range clipboardTypes {
		if !slices.Contains(offered, kind.name) {
			continue
		}
		words := slices.Clone(t.one)
		words[slices.Index(words, typeWord)] = kind.name
		c, err := take(words, kind.ending)
		if err == nil {
			return c, nil
		}
		var exhausted *captureError
		if failed = err; errors.As(err, &exhausted) && exhausted.key != "capture.clipboard-empty" {
			break // a program that hangs does so for every type
		}
	}
	return nil, failed
}
