package plugin

import (
	"context"
	"io"
	"strings"

	"google.golang.org/grpc"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin/internal/pluginpb"
)

// server is the plugin's side of the wire.
type server struct {
	pluginpb.UnimplementedModuleServer
	m Module
}

// Register puts a module on a gRPC server made with ServerOptions.
func Register(s grpc.ServiceRegistrar, m Module) {
	pluginpb.RegisterModuleServer(s, &server{m: m})
}

// ServerOptions holds a gRPC server to MaxMessage in both directions.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.MaxRecvMsgSize(MaxMessage), grpc.MaxSendMsgSize(MaxMessage)}
}

func (s *server) Info(ctx context.Context, _ *pluginpb.InfoRequest) (*pluginpb.InfoResponse, error) {
	info, err := s.m.Info(ctx)
	return infoToPB(info), toStatus(err)
}

func (s *server) Encode(stream grpc.BidiStreamingServer[pluginpb.EncodeRequest, pluginpb.EncodeResponse]) error {
	d, wantProgress, err := receiveDocument(stream)
	if err != nil {
		return toStatus(err)
	}
	var progress func(perk.Progress)
	var sendErr error
	if wantProgress {
		progress = func(p perk.Progress) {
			if sendErr == nil {
				sendErr = stream.Send(&pluginpb.EncodeResponse{Part: &pluginpb.EncodeResponse_Progress{Progress: progressToPB(p)}})
			}
		}
	}
	info, err := s.m.Encode(stream.Context(), d, progress)
	switch {
	case err != nil:
		return toStatus(err)
	case sendErr != nil:
		return sendErr
	}
	return stream.Send(&pluginpb.EncodeResponse{Part: &pluginpb.EncodeResponse_Adapter{Adapter: adapterToPB(info)}})
}

// receiveDocument reads the start and exactly the bytes that it announces, never more than MaxDocument.
func receiveDocument(stream grpc.BidiStreamingServer[pluginpb.EncodeRequest, pluginpb.EncodeResponse]) (d perk.Document, progress bool, err error) {
	const op = "plugin.Encode"
	first, err := stream.Recv()
	if err != nil {
		return d, false, err
	}
	start := first.GetStart()
	var p parser
	d.ID = p.id(start.GetDocument())
	if p.err != nil {
		return d, false, p.err
	}
	want := start.GetBytes()
	if err := fits(op, want); err != nil {
		return d, false, err
	}
	var text strings.Builder
	for {
		m, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			return d, false, err
		}
		if text.Write(m.GetText()); int64(text.Len()) > want {
			break
		}
	}
	if int64(text.Len()) != want {
		return d, false, perk.Errorf(perk.EInvalid, op, "at least %d bytes of text came, %d were announced", text.Len(), want)
	}
	d.Text = text.String()
	return d, start.GetProgress(), nil
}

func (s *server) Ask(r *pluginpb.AskRequest, stream grpc.ServerStreamingServer[pluginpb.AskResponse]) error {
	var p parser
	q := p.question(r.GetQuestion())
	if p.err != nil {
		return toStatus(p.err)
	}
	var emit func(string) error
	if r.GetPieces() {
		emit = func(piece string) error {
			return stream.Send(&pluginpb.AskResponse{Part: &pluginpb.AskResponse_Piece{Piece: []byte(piece)}})
		}
	}
	a, err := s.m.Ask(stream.Context(), q, emit)
	if err != nil {
		return toStatus(err)
	}
	return stream.Send(&pluginpb.AskResponse{Part: &pluginpb.AskResponse_Answer{Answer: answerToPB(a)}})
}

func (s *server) AskAll(stream grpc.BidiStreamingServer[pluginpb.Question, pluginpb.AskAllResponse]) error {
	var questions []perk.Question
	for {
		m, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		var p parser
		questions = append(questions, p.question(m))
		if p.err == nil {
			p.err = few("plugin.AskAll", len(questions))
		}
		if p.err != nil {
			return toStatus(p.err)
		}
	}
	var sendErr error
	err := s.m.AskAll(stream.Context(), questions, func(i int, a *perk.Answer, err error) {
		r := &pluginpb.AskAllResponse{Index: int64(i)}
		if err != nil {
			r.Result = &pluginpb.AskAllResponse_Error{Error: errorToPB(err)}
		} else {
			r.Result = &pluginpb.AskAllResponse_Answer{Answer: answerToPB(a)}
		}
		if sendErr == nil {
			sendErr = stream.Send(r)
		}
	})
	if err != nil {
		return toStatus(err)
	}
	return sendErr
}

func (s *server) Find(r *pluginpb.FindRequest, stream grpc.ServerStreamingServer[pluginpb.DocumentID]) error {
	var p parser
	content := p.hash("content", r.GetContent())
	if p.err != nil {
		return toStatus(p.err)
	}
	ids, err := s.m.Find(stream.Context(), content)
	if err != nil {
		return toStatus(err)
	}
	for _, id := range ids {
		if err := stream.Send(idToPB(id)); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) Forget(ctx context.Context, r *pluginpb.ForgetRequest) (*pluginpb.ForgetResponse, error) {
	var p parser
	id := p.id(r.GetDocument())
	if p.err != nil {
		return nil, toStatus(p.err)
	}
	n, err := s.m.Forget(ctx, id)
	return &pluginpb.ForgetResponse{Adapters: int64(n)}, toStatus(err)
}

func (s *server) List(r *pluginpb.ListRequest, stream grpc.ServerStreamingServer[pluginpb.AdapterInfo]) error {
	for info, err := range s.m.List(stream.Context(), string(r.GetCollection())) {
		if err != nil {
			return toStatus(err)
		}
		if err := stream.Send(adapterToPB(info)); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) Describe(ctx context.Context, r *pluginpb.DescribeRequest) (*pluginpb.AdapterInfo, error) {
	var p parser
	id := p.id(r.GetDocument())
	if p.err != nil {
		return nil, toStatus(p.err)
	}
	info, err := s.m.Describe(ctx, id)
	return adapterToPB(info), toStatus(err)
}

func (s *server) Verify(_ *pluginpb.VerifyRequest, stream grpc.ServerStreamingServer[pluginpb.VerifyResponse]) error {
	var sendErr error
	n, err := s.m.Verify(stream.Context(), func(k perk.AdapterKey, damage error) {
		if sendErr == nil {
			d := &pluginpb.Damage{Key: keyToPB(k), Error: errorToPB(damage)}
			sendErr = stream.Send(&pluginpb.VerifyResponse{Part: &pluginpb.VerifyResponse_Damage{Damage: d}})
		}
	})
	switch {
	case err != nil:
		return toStatus(err)
	case sendErr != nil:
		return sendErr
	}
	return stream.Send(&pluginpb.VerifyResponse{Part: &pluginpb.VerifyResponse_Adapters{Adapters: int64(n)}})
}

func (s *server) Export(r *pluginpb.ExportRequest, stream grpc.ServerStreamingServer[pluginpb.AdapterPart]) error {
	var p parser
	id := p.id(r.GetDocument())
	if p.err != nil {
		return toStatus(p.err)
	}
	a, err := s.m.Export(stream.Context(), id)
	if err != nil {
		return toStatus(err)
	}
	return sendAdapter(stream.Send, a)
}

func (s *server) Import(stream grpc.ClientStreamingServer[pluginpb.AdapterPart, pluginpb.ImportResponse]) error {
	const op = "plugin.Import"
	a, err := receiveAdapter(op, stream.Recv)
	switch {
	case err == io.EOF:
		err = perk.Errorf(perk.EInvalid, op, "no adapter came")
	case err == nil:
		err = s.m.Import(stream.Context(), a)
	}
	if err != nil {
		return toStatus(err)
	}
	return stream.SendAndClose(&pluginpb.ImportResponse{})
}

func (s *server) GC(ctx context.Context, _ *pluginpb.GCRequest) (*pluginpb.GCResponse, error) {
	n, err := s.m.GC(ctx)
	return &pluginpb.GCResponse{Bytes: n}, toStatus(err)
}

func (s *server) Meta(ctx context.Context, r *pluginpb.MetaRequest) (*pluginpb.MetaResponse, error) {
	v, err := s.m.Meta(ctx, string(r.GetKey()))
	return &pluginpb.MetaResponse{Value: v}, toStatus(err)
}

func (s *server) SetMeta(ctx context.Context, r *pluginpb.SetMetaRequest) (*pluginpb.SetMetaResponse, error) {
	return &pluginpb.SetMetaResponse{}, toStatus(s.m.SetMeta(ctx, string(r.GetKey()), r.GetValue()))
}
