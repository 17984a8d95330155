package folder

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/perkdb/perk"
)

// MaxBytes is the size of the largest file that is read.
const MaxBytes = 64 << 20

// Source lists the text files of a folder. It holds nothing open between calls and may be used by several goroutines.
type Source struct {
	dir, collection string
}

// Open checks that dir is a readable folder and that collection can name one. Errors: EInvalid, ENotFound, EDenied.
func Open(dir, collection string) (*Source, error) {
	if err := (perk.DocumentID{Collection: collection, UUID: "x"}).Validate(); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault("folder.Open", err).WithHint("name a folder of *.txt or *.md files")
	}
	return &Source{dir: dir, collection: collection}, root.Close()
}

// Collection is the name of the collection that the files make up.
func (s *Source) Collection() string { return s.collection }

// Document reads one file. Errors: EInvalid (no uuid of a text file, too large), ENotFound, EDenied, EUnavailable (the folder is away).
func (s *Source) Document(_ context.Context, id perk.DocumentID) (perk.Document, error) {
	name, err := Path(id.UUID)
	switch {
	case err != nil:
		return perk.Document{}, err
	case id.Collection != s.collection || id.Tenant != "" || !wanted(name):
		return perk.Document{}, perk.Errorf(perk.ENotFound, "folder.Document", "%s is no document of folder %s", id, s.dir)
	}
	root, err := s.open()
	if err != nil {
		return perk.Document{}, err
	}
	defer root.Close()
	text, err := read(root, name)
	return perk.Document{ID: id, Text: text}, err
}

// Count gives the number of text files.
func (s *Source) Count(ctx context.Context) (int, error) {
	root, err := s.open()
	if err != nil {
		return -1, err
	}
	defer root.Close()
	names, err := list(ctx, root)
	return len(names), err
}

// Scan reads the text files in the order of their uuids; a document's cursor is its uuid.
func (s *Source) Scan(ctx context.Context, after string) iter.Seq2[perk.Scanned, error] {
	return func(yield func(perk.Scanned, error) bool) {
		root, err := s.open()
		if err != nil {
			yield(perk.Scanned{}, err)
			return
		}
		defer root.Close()
		uuids, err := list(ctx, root)
		if err != nil {
			yield(perk.Scanned{}, err)
			return
		}
		for _, uuid := range uuids {
			if uuid <= after {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(perk.Scanned{}, perk.E(perk.ECanceled, "folder.Scan", err))
				return
			}
			d, err := s.Document(ctx, perk.DocumentID{Collection: s.collection, UUID: uuid})
			d.ID = perk.DocumentID{Collection: s.collection, UUID: uuid}
			if err == nil {
				err = d.ID.Validate()
			}
			switch perk.ErrorCode(err) {
			case perk.EUnavailable: // the folder, not the file
				yield(perk.Scanned{}, err)
				return
			case perk.ENotFound: // removed since it was listed
				continue
			}
			if !yield(perk.Scanned{Document: d, Cursor: uuid}, err) {
				return
			}
		}
	}
}

// open opens the folder for one call.
func (s *Source) open() (*os.Root, error) {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, perk.E(perk.EUnavailable, "folder", err).WithHint("bring the folder back, or remove its adapters with `perk adapter rm`")
	}
	return root, nil
}

// list gives the uuids of the text files, sorted.
func list(ctx context.Context, root *os.Root) ([]string, error) {
	var uuids []string
	err := fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(e.Name(), "."):
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case wanted(name) && (e.Type().IsRegular() || e.Type()&fs.ModeSymlink != 0):
			uuids = append(uuids, UUID(name))
		}
		return nil
	})
	if err != nil {
		// An unreadable part makes the list incomplete; adapters must not be removed for it.
		return nil, perk.E(perk.EUnavailable, "folder.list", err).WithHint("make every folder below it readable")
	}
	slices.Sort(uuids)
	return uuids, nil
}

// wanted reports whether a path is that of a text file, with no part that begins with a dot.
func wanted(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return (ext == ".txt" || ext == ".md") && !strings.HasPrefix(name, ".") && !strings.Contains(name, "/.")
}

// read gives a regular file's text.
func read(root *os.Root, name string) (string, error) {
	info, err := root.Stat(name)
	if err != nil {
		return "", fault("folder.read", err)
	}
	if !info.Mode().IsRegular() {
		return "", perk.Errorf(perk.ENotFound, "folder.read", "%s is not a file", name)
	}
	f, err := root.Open(name)
	if err != nil {
		return "", fault("folder.read", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return "", fault("folder.read", err)
	}
	if len(b) > MaxBytes {
		return "", perk.Errorf(perk.EInvalid, "folder.read", "%s has more than %d MiB", name, MaxBytes>>20).WithHint("split the file")
	}
	return string(b), nil
}

// fault maps an error of the file system.
func fault(op string, err error) *perk.Error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return perk.E(perk.ENotFound, op, err)
	case errors.Is(err, fs.ErrPermission):
		return perk.E(perk.EDenied, op, err).WithHint("make the file readable for this user")
	}
	// What is left is a link that leads out of the folder, a name that the system refuses or a failing disk: none of them is "gone".
	return perk.E(perk.EInvalid, op, err)
}
