package plugin

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin/internal/pluginpb"
)

// Encode implements Module. The text goes out in pieces before anything is read: the module starts only when it has all of it.
func (c *client) Encode(ctx context.Context, d perk.Document, progress func(perk.Progress)) (perk.AdapterInfo, error) {
	const op = "plugin.Encode"
	if err := fits(op, int64(len(d.Text))); err != nil {
		return perk.AdapterInfo{}, err
	}
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.rpc.Encode(streamCtx)
	if err != nil {
		return perk.AdapterInfo{}, fromStatus(ctx, op, err)
	}
	start := &pluginpb.EncodeStart{Document: idToPB(d.ID), Bytes: int64(len(d.Text)), Progress: progress != nil}
	if err := sendDocument(stream, start, d.Text); err != nil && err != io.EOF { // EOF: the answer below says why
		return perk.AdapterInfo{}, fromStatus(ctx, op, err)
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return perk.AdapterInfo{}, ended(ctx, op, err)
		}
		if a := m.GetAdapter(); a != nil {
			var p parser
			return p.adapter(a), p.err
		}
		if progress != nil {
			progress(progressFromPB(m.GetProgress()))
		}
	}
}

func sendDocument(stream grpc.BidiStreamingClient[pluginpb.EncodeRequest, pluginpb.EncodeResponse], start *pluginpb.EncodeStart, text string) error {
	if err := stream.Send(&pluginpb.EncodeRequest{Part: &pluginpb.EncodeRequest_Start{Start: start}}); err != nil {
		return err
	}
	for len(text) > 0 {
		n := min(len(text), pieceSize)
		if err := stream.Send(&pluginpb.EncodeRequest{Part: &pluginpb.EncodeRequest_Text{Text: []byte(text[:n])}}); err != nil {
			return err
		}
		text = text[n:]
	}
	return stream.CloseSend()
}

// Ask implements Module.
func (c *client) Ask(ctx context.Context, q perk.Question, emit func(string) error) (*perk.Answer, error) {
	const op = "plugin.Ask"
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.rpc.Ask(streamCtx, &pluginpb.AskRequest{Question: questionToPB(q), Pieces: emit != nil})
	if err != nil {
		return nil, fromStatus(ctx, op, err)
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return nil, ended(ctx, op, err)
		}
		if a := m.GetAnswer(); a != nil {
			var p parser
			answer := p.answer(a)
			return answer, p.err
		}
		if emit != nil {
			if err := emit(string(m.GetPiece())); err != nil {
				return nil, err
			}
		}
	}
}

// Verify implements Module.
func (c *client) Verify(ctx context.Context, report func(perk.AdapterKey, error)) (int, error) {
	const op = "plugin.Verify"
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.rpc.Verify(streamCtx, &pluginpb.VerifyRequest{})
	if err != nil {
		return 0, fromStatus(ctx, op, err)
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return 0, ended(ctx, op, err)
		}
		d := m.GetDamage()
		if d == nil {
			return int(m.GetAdapters()), nil
		}
		var p parser
		key := p.key(d.GetKey())
		if p.err != nil {
			return 0, p.err
		}
		if report != nil {
			report(key, errorFromPB(d.GetError()))
		}
	}
}

// Export implements Module.
func (c *client) Export(ctx context.Context, id perk.DocumentID) (*perk.Adapter, error) {
	const op = "plugin.Export"
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.rpc.Export(streamCtx, &pluginpb.ExportRequest{Document: idToPB(id)})
	if err != nil {
		return nil, fromStatus(ctx, op, err)
	}
	a, err := receiveAdapter(op, func() (*pluginpb.AdapterPart, error) {
		m, err := stream.Recv()
		if err != nil && err != io.EOF {
			err = fromStatus(ctx, op, err)
		}
		return m, err
	})
	if err == io.EOF {
		return nil, ended(ctx, op, err)
	}
	return a, err
}

// Import implements Module.
func (c *client) Import(ctx context.Context, a *perk.Adapter) error {
	const op = "plugin.Import"
	if err := payloadFits(op, int64(len(a.Payload))); err != nil {
		return err
	}
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.rpc.Import(streamCtx)
	if err != nil {
		return fromStatus(ctx, op, err)
	}
	if err := sendAdapter(stream.Send, a); err != nil && err != io.EOF { // EOF: the answer below says why
		return fromStatus(ctx, op, err)
	}
	if _, err := stream.CloseAndRecv(); err != nil {
		return ended(ctx, op, err)
	}
	return nil
}

// ended gives the error of a stream that ended before its result.
func ended(ctx context.Context, op string, err error) error {
	if errors.Is(err, io.EOF) {
		return perk.Errorf(perk.EInternal, op, "the plugin ended the call without a result")
	}
	return fromStatus(ctx, op, err)
}

// fits reports an EInvalid error for a text that is longer than a document may be.
func fits(op string, n int64) error {
	if n < 0 || n > MaxDocument {
		return perk.Errorf(perk.EInvalid, op, "the text has %d bytes, at most %d are allowed", n, MaxDocument).WithHint("split the document")
	}
	return nil
}
