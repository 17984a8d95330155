// Package hub fetches models from a Hugging Face hub, or from anything that speaks its HTTP.
//
// Client.Repo tells a repository's commit and files, Client.Fetch brings one file into a path.
//
// # Protocol
//
// https://huggingface.co/docs/hub/api: GET /api/models/REPO/revision/REVISION?blobs=true lists the files, with the SHA-256 of each that is kept as
// LFS and the git blob's SHA-1 of the others; GET /REPO/resolve/COMMIT/FILE gives the bytes, after redirects to other hosts that do not get the token. Part of a file is asked
// for by Range. Errors have a word for people in X-Error-Message and one for programs in X-Error-Code.
//
// # Caveats
//
// A file is written beside its path, as PATH.part, which a later Fetch goes on from; it gets its name only when all of its bytes have the right digest. The hub answers
// 401 for repositories that do not exist, too. github.com/gomlx/go-huggingface was looked at (v0.3.1): it neither resumes nor checks digests.
package hub
