package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/perkdb/perk"
)

// partSuffix marks a file that is not whole.
const partSuffix = ".part"

// Fetch brings a file of a repository to path, whose folder exists. It goes on from what an earlier Fetch left of the file, and again after a cut connection. progress
// may be nil; it is told the bytes that are there, and may be called often. Errors: as Repo's, and ECorrupt (the bytes have another digest; they are removed),
// and those of perk.DiskCode.
func (c *Client) Fetch(ctx context.Context, r *Repo, f File, path string, progress func(done int64)) error {
	part, err := os.OpenFile(path+partSuffix, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return diskError(err)
	}
	defer part.Close()
	digest, err := f.digest()
	if err != nil {
		return err
	}
	done, err := io.Copy(digest, part) // what is there counts in the digest, and leaves the file at its end
	if err != nil {
		return diskError(err)
	}
	if f.Size >= 0 && done > f.Size {
		if done, err = restart(part, digest, f); err != nil {
			return err
		}
	}
	sink := io.MultiWriter(digest, part)
	err = c.again(ctx, func() (bool, error) {
		if f.Size >= 0 && done == f.Size {
			return false, nil
		}
		n, err := c.rest(ctx, r, f, done, sink, progress)
		done += n
		return n > 0, err
	})
	if err != nil {
		return err
	}
	if got, want := hex.EncodeToString(digest.Sum(nil)), f.want(); got != want {
		part.Close()
		if err := os.Remove(path + partSuffix); err != nil {
			return diskError(err)
		}
		return perk.Errorf(perk.ECorrupt, op, "%s has digest %s, the hub names %s", f.Name, got, want).WithHint("pull again; if it stays so, the server or a proxy on the way gives other bytes")
	}
	if err := part.Sync(); err != nil {
		return diskError(err)
	}
	if err := part.Close(); err != nil {
		return diskError(err)
	}
	if err := os.Rename(path+partSuffix, path); err != nil {
		return diskError(err)
	}
	return nil
}

// rest brings what comes behind the first done bytes of a file, and says how much it was.
func (c *Client) rest(ctx context.Context, r *Repo, f File, done int64, sink io.Writer, progress func(int64)) (int64, error) {
	body, err := c.get(ctx, "/"+r.Name+"/resolve/"+r.Commit+"/"+escape(f.Name), done)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	n, err := io.Copy(sink, &counted{r: body, at: done, most: f.Size, tell: progress})
	var disk *os.PathError
	switch {
	case err == nil && (f.Size < 0 || done+n == f.Size):
		return n, nil
	case errors.As(err, &disk):
		return n, diskError(err)
	case ctx.Err() != nil:
		return n, perk.E(perk.ECanceled, op, ctx.Err())
	case err == nil:
		err = io.ErrUnexpectedEOF
	}
	return n, perk.Errorf(perk.EUnavailable, op, "%s: the connection ended at byte %d of %d: %w", f.Name, done+n, f.Size, err).WithHint("pull again: what was fetched is kept")
}

// want is the digest that the hub names.
func (f File) want() string {
	if f.SHA256 != "" {
		return strings.ToLower(f.SHA256)
	}
	return strings.ToLower(f.GitSHA)
}

// digest makes the hash that the hub names the file by. Errors: EUnavailable (it names none).
func (f File) digest() (hash.Hash, error) {
	switch {
	case f.SHA256 != "":
		return sha256.New(), nil
	case f.GitSHA != "" && f.Size >= 0:
		h := sha1.New()
		fmt.Fprintf(h, "blob %d\x00", f.Size)
		return h, nil
	}
	return nil, perk.Errorf(perk.EUnavailable, op, "the hub tells neither digest nor size of %s", f.Name).WithHint("check HF_ENDPOINT: this is not how a hub answers")
}

// restart empties a part that is longer than the file.
func restart(part *os.File, digest hash.Hash, f File) (int64, error) {
	digest.Reset()
	if f.SHA256 == "" {
		fmt.Fprintf(digest, "blob %d\x00", f.Size)
	}
	if err := part.Truncate(0); err != nil {
		return 0, diskError(err)
	}
	if _, err := part.Seek(0, io.SeekStart); err != nil {
		return 0, diskError(err)
	}
	return 0, nil
}

// counted tells how far a file has come, and refuses to read past its size.
type counted struct {
	r        io.Reader
	at, most int64
	tell     func(int64)
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if c.most >= 0 && int64(n) > c.most-c.at {
		n, err = int(c.most-c.at), io.EOF
	}
	c.at += int64(n)
	if c.tell != nil && n > 0 {
		c.tell(c.at)
	}
	return n, err
}

// escape makes a file's name part of a URL.
func escape(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

func diskError(err error) error {
	return perk.E(perk.DiskCode(err), op, err).WithHint("check the free space and the rights of the models' directory")
}
