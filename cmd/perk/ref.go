package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/docref"
)

// secretFile is in the data directory and holds what documents' keys are signed with, in hexadecimal.
const secretFile = "ref.secret"

func newRef(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "ref COLLECTION/[TENANT/]UUID...",
		Short: "Print the signed keys by which prompts name documents",
		Long: `Print the keys of documents, for programs that write the property docRef themselves. They are signed with $` + refSecretEnv + `, or with the secret in
the data directory, which is made when it is missing; whoever has a document's key may ask about the document.`,
		Args: cobra.MinimumNArgs(1),
		RunE: a.do(func(_ context.Context, cmd *cobra.Command, args []string) error {
			keys, err := a.keys()
			if err != nil {
				return err
			}
			for _, arg := range args {
				id, err := perk.ParseDocumentID(arg)
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), keys.Sign(id))
			}
			return nil
		}),
	}
}

// keys gives the signer of documents' keys.
func (a *app) keys() (*docref.Signer, error) {
	if secret := os.Getenv(refSecretEnv); secret != "" {
		return docref.New([]byte(secret))
	}
	if err := a.makeData(); err != nil {
		return nil, err
	}
	path := filepath.Join(a.data, secretFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = makeSecret(path); errors.Is(err, fs.ErrExist) { // another program was quicker
			text, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, perk.E(perk.EDenied, "keys", err).WithHint("make %s readable for this user, or set $%s", path, refSecretEnv)
	}
	return docref.New([]byte(strings.TrimSpace(string(text))))
}

// makeSecret writes a new secret, whole or not at all, unless there is one.
func makeSecret(path string) ([]byte, error) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails
	text := []byte(hex.EncodeToString(b) + "\n")
	f, err := os.CreateTemp(filepath.Dir(path), secretFile)
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text) // its mode is 0600
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	return text, os.Link(f.Name(), path)
}
