package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore"
)

// backupFile is in a backup's directory, beside a copy of the keys' secret.
const backupFile = "adapters.backup"

func newBackup(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "backup DIR",
		Short: "Write all adapters, what is kept beside them and the keys' secret into a new directory",
		Long: `Write a backup of the data directory; no server may run on it meanwhile. Every adapter is verified. Back the database up first and perk after it: what
changed in between is found by comparing, after a restore as always.`,
		Args: cobra.ExactArgs(1),
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			if err := os.Mkdir(args[0], 0o700); err != nil {
				return perk.E(perk.EInvalid, "backup", err).WithHint("name a directory that is not there yet")
			}
			err := a.withStore(func(s *adapterstore.Store) error {
				return writeFile(filepath.Join(args[0], backupFile), func(w io.Writer) error { return s.Backup(ctx, w) })
			})
			if err == nil {
				err = copySecret(filepath.Join(a.data, secretFile), filepath.Join(args[0], secretFile))
			}
			if err != nil {
				return errors.Join(err, os.RemoveAll(args[0]))
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote a backup of %s to %s\n", a.data, args[0])
			return nil
		}),
	}
}

func newRestore(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "restore DIR",
		Short: "Bring a backup into a data directory without adapters",
		Long: `Bring what perk backup wrote into a data directory that has no adapters. Restore the database first. The next perk serve or perk index compares all documents with
their adapters and writes those that differ; nothing is answered from an adapter of another text meanwhile.`,
		Args: cobra.ExactArgs(1),
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			f, err := os.Open(filepath.Join(args[0], backupFile))
			if err != nil {
				return perk.E(perk.EInvalid, "restore", err).WithHint("name a directory that `perk backup` wrote")
			}
			defer f.Close()
			if err := a.withStore(func(s *adapterstore.Store) error { return s.Restore(ctx, f) }); err != nil {
				return err
			}
			if err := copySecret(filepath.Join(args[0], secretFile), filepath.Join(a.data, secretFile)); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "restored %s into %s; `perk serve` or `perk index` now compares it with the documents\n", args[0], a.data)
			return nil
		}),
	}
}

// withStore opens the adapter store itself, which no other process may hold.
func (a *app) withStore(body func(*adapterstore.Store) error) error {
	if err := a.makeData(); err != nil {
		return err
	}
	s, err := adapterstore.Open(a.storeDir(), adapterstore.Options{Logger: a.log})
	if err != nil {
		return err
	}
	return errors.Join(body(s), s.Close())
}

// writeFile makes a file that only its owner may read, and has it on disk before it returns.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return perk.E(perk.EInvalid, "backup", err)
	}
	err = write(f)
	return errors.Join(err, f.Sync(), f.Close())
}

// copySecret copies the keys' secret, where there is one, in place of another: the restored objects hold keys of the old one.
func copySecret(from, to string) error {
	text, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		if err = os.Remove(to); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		return perk.E(perk.EDenied, "backup", err)
	}
	return writeFile(to, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
