package folder

import (
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/perkdb/perk"
)

// UUID makes a file's slash-separated path, relative to the folder, into a document's uuid: what a DocumentID forbids ('/', control
// characters, bytes that are not UTF-8) and '%' become %XX, all else stays readable.
func UUID(path string) string {
	var b strings.Builder
	for len(path) > 0 {
		r, size := utf8.DecodeRuneInString(path)
		if r < 0x20 || r == 0x7f || r == '/' || r == '%' || r == utf8.RuneError {
			for _, c := range []byte(path[:size]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		} else {
			b.WriteString(path[:size])
		}
		path = path[size:]
	}
	return b.String()
}

// Path is the inverse of UUID. Errors: EInvalid for a uuid that UUID cannot have made, or whose path would lead out of the folder.
func Path(uuid string) (string, error) {
	path, err := url.PathUnescape(uuid)
	if err != nil || UUID(path) != uuid || !fs.ValidPath(path) {
		return "", perk.Errorf(perk.EInvalid, "folder.Path", "%q is not the uuid of a file", uuid)
	}
	return path, nil
}
