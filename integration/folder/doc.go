// Package folder is a perk.Source over a folder of text files: every *.txt and *.md file below it is a document.
//
// # Main types
//
//   - Source: Open names a folder and the collection that its files make up.
//   - UUID and Path: a file's relative path as a document's uuid and back.
//
// # Caveats
//
//   - Files and folders whose names begin with a dot are passed over. Linked folders are not entered; a linked file is read when the link
//     ends inside the folder and is that document's failure when it leads out of it.
//   - A file that cannot be read, is too large or has a name that no DocumentID holds is that document's failure: Scan gives the error beside
//     a cursor and goes on. Texts are given as they are; whether they are UTF-8 is the indexer's question.
//   - When the folder itself is away, Scan and Document give perk.EUnavailable, never "not found", so that no adapter is removed for it.
package folder
