package typeset

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jung-kurt/gofpdf"
)

// allowed are the methods of gofpdf that are called, and names that other types
// have as well. Everything else of it alters or loses text (MultiCell, Write,
// SplitText, AliasNbPages), panics on a broken picture (Image, RegisterImage),
// leads links astray (SetAttachments), or was never looked at.
var allowed = strings.Fields(`AddLink AddPage AddUTF8FontFromBytes Bookmark ClipEnd ClipRect Line Link LinkString Output RawWriteStr Rect Text
	SetAuthor SetAutoPageBreak SetCatalogSort SetCreationDate SetDrawColor SetFillColor SetFont SetLineWidth SetLink SetMargins
	SetModificationDate SetProducer SetSubject SetTextColor SetTitle
	Close Err Error String`)

// dangers lists what a source file of the package must not do.
func dangers(name string, source any) (found []string, err error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, source, 0)
	if err != nil {
		return nil, err
	}
	pdf := reflect.TypeFor[*gofpdf.Fpdf]()
	forbidden := map[string]bool{}
	for i := range pdf.NumMethod() {
		if m := pdf.Method(i).Name; !slices.Contains(allowed, m) {
			forbidden[m] = true
		}
	}
	imports := map[string]bool{}
	for _, imp := range f.Imports {
		path := strings.Trim(imp.Path.Value, `"`)
		imports[path] = true
		switch path {
		case "os", "os/exec", "net", "net/http", "syscall", "path/filepath", "database/sql":
			found = append(found, "import of "+path)
		}
	}
	args := map[*ast.SelectorExpr]int{} // of the selectors that are called
	in := ""                            // name of the function at hand
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			in = n.Name.Name
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
				args[sel] = len(n.Args)
			}
		case *ast.SelectorExpr:
			count, called := args[n]
			name := n.Sel.Name
			on, _ := n.X.(*ast.Ident)
			switch {
			case name == "Image" && on != nil && on.Name == "image" && imports["image"]:
				// The type of Go's own.
			case name == "Write" && called && (count == 1 || on != nil && on.Name == "binary"):
				// To an io.Writer, or binary.Write; that of gofpdf has two.
			case name == "AddUTF8FontFromBytes" && in != "setFont":
				found = append(found, name+" outside setFont")
			case name == "Now" && on != nil && on.Name == "time":
				found = append(found, "the clock")
			case forbidden[name]:
				found = append(found, fmt.Sprintf("%s at %v", name, fset.Position(n.Pos())))
			}
		}
		return true
	})
	return found, nil
}

func TestForbiddenCalls(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files, fonts := 0, 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		files++
		found, err := dangers(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			t.Errorf("%s: %s", name, found)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		// gofpdf writes into the bytes of a font that it is given.
		fonts += strings.Count(string(b), "AddUTF8FontFromBytes(")
		if strings.Count(string(b), "AddUTF8FontFromBytes(") != strings.Count(string(b), `AddUTF8FontFromBytes(f.key, "", bytes.Clone(f.ttf))`) {
			t.Errorf("%s hands over a font that is not a copy", name)
		}
	}
	if files < 5 || fonts != 1 {
		t.Errorf("%d files with %d calls for fonts", files, fonts)
	}

	// Controls: seen whatever the document is called and however it is reached.
	for body, want := range map[string]bool{
		`doc.MultiCell(0, 0, "", "", "", false)`: true, `f := dr.pdf.SplitText; _ = f`: true, `(*gofpdf.Fpdf).Write(x, 1, "")`: true,
		`a().b.Write(1, "x")`: true, `w := pdf.Write; w(1, "x")`: true, `x.Image("n", 0, 0, 0, 0, false, "", 0, "")`: true,
		`y[0].AliasNbPages("")`: true, `x.AddUTF8FontFromBytes("", "", nil)`: true, `time.Now()`: true, `x.Cell(1, 2, "")`: true,
		`w.Write(b)`: false, `binary.Write(w, o, v)`: false, `var m image.Image; _ = m`: false, `dr.pdf.Text(1, 2, "")`: false,
	} {
		found, err := dangers("x.go", `package x; import "image"; func f() { `+body+` }`)
		if err != nil || (len(found) > 0) != want {
			t.Errorf("%s: %v, %v", body, found, err)
		}
	}
	if found, _ := dangers("x.go", `package x; import "os"`); len(found) == 0 {
		t.Error("an import of os is not noticed")
	}
}
